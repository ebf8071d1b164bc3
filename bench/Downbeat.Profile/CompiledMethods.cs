using Microsoft.Diagnostics.Tracing;
using Microsoft.Diagnostics.Tracing.Parsers.Clr;

namespace Downbeat.Profile;

/// <summary>The methods that processes compiled because nothing was compiled beforehand, from traces of the runtime.</summary>
static class CompiledMethods
{
    /// <summary>Reads traces; each method of each type once, in the order of their names.</summary>
    public static SortedSet<(string Type, string Method)> In(IEnumerable<string> traces)
    {
        var compiled = new SortedSet<(string Type, string Method)>();
        foreach (var trace in traces)
        {
            using var source = new EventPipeEventSource(trace);
            source.Clr.MethodLoadVerbose += method =>
            {
                // Those compiled again are compiled beforehand already.
                if (
                    method.MethodFlags.HasFlag(MethodFlags.Jitted)
                    && method.OptimizationTier is OptimizationTier.QuickJitted or OptimizationTier.Optimized
                )
                {
                    compiled.Add((method.MethodNamespace, method.MethodName));
                }
            };
            source.Process();
        }

        return compiled;
    }
}
