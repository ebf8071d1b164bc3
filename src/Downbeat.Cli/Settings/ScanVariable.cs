using Downbeat.Engine.Scan;

namespace Downbeat.Cli.Settings;

/// <summary><c>DOWNBEAT_SCAN</c>: which kernel scans, for those who look for a fault or measure. No answer depends on it.</summary>
static class ScanVariable
{
    /// <summary>What the variable is called.</summary>
    public const string Name = "DOWNBEAT_SCAN";

    /// <summary>Chooses the kernel that the variable names, if it is set.</summary>
    /// <exception cref="UsageException">There is no such kernel, or this machine cannot run it.</exception>
    public static void Apply()
    {
        if (Environment.GetEnvironmentVariable(Name) is { } name)
        {
            ScanKernels.Chosen = Parse(name, ScanKernels.Available);
        }
    }

    /// <summary>The kernel of a name.</summary>
    /// <exception cref="UsageException">There is no such kernel, or it is not available.</exception>
    public static ScanKernel Parse(string name, IReadOnlyList<ScanKernel> available)
    {
        var isKnown = ScanKernels.TryParse(name, out var kernel);
        if (isKnown && available.Contains(kernel))
        {
            return kernel;
        }

        var has = string.Join(", ", available.Select(one => one.Name()));
        throw new UsageException(
            isKnown
                ? $"{Name} is {name}, which this machine does not have; it has {has}."
                : $"{Name} is {(name.Length == 0 ? "empty" : name)}; allowed are {string.Join(", ", ScanKernels.AllNames)}, and this machine has {has}."
        );
    }
}
