using Options = System.Runtime.CompilerServices.MethodImplOptions;

namespace Downbeat.Engine;

/// <summary>
/// In the packaged build only, where it comes before that of the runtime: methods marked with
/// <c>AggressiveOptimization</c> are never compiled beforehand, which every process would pay for with some 0.07 s. There
/// they are compiled beforehand, and again for the very processor while they run. Those that need more than the processor
/// that they would be compiled for name the runtime's.
/// </summary>
static class MethodImplOptions
{
    public const Options AggressiveInlining = Options.AggressiveInlining;
    public const Options AggressiveOptimization = default;
    public const Options NoInlining = Options.NoInlining;
}
