#pragma warning disable MA0047 // .NET looks for this very name.
/// <summary>Runs first in a process that a test starts, and writes down at its end what it has loaded.</summary>
static class StartupHook
{
    /// <summary>Names the file.</summary>
    public const string Variable = "DOWNBEAT_TEST_LOADED";

    /// <summary>Called by .NET.</summary>
    public static void Initialize()
    {
        var file = Environment.GetEnvironmentVariable(Variable)!;
        AppDomain.CurrentDomain.ProcessExit += (_, _) =>
            File.WriteAllLines(
                file,
                AppDomain.CurrentDomain.GetAssemblies().Select(assembly => assembly.GetName().Name ?? "")
            );
    }
}
