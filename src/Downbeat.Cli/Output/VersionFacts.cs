using System.Runtime.InteropServices;
using Downbeat.Engine.Scan;
using Downbeat.Pipeline.Runs;

namespace Downbeat.Cli.Output;

/// <summary>What runs here, as <c>downbeat version</c> says.</summary>
/// <param name="Version">The version of Downbeat.</param>
/// <param name="Framework">.NET and its version.</param>
/// <param name="System">The operating system and its version.</param>
/// <param name="Platform">What the program was built for, like <c>linux-x64</c>.</param>
/// <param name="ScanKernel">The kernel that scans.</param>
/// <param name="ScanKernels">The kernels that this machine has, slowest first.</param>
sealed record VersionFacts(
    string Version,
    string Framework,
    string System,
    string Platform,
    string ScanKernel,
    IReadOnlyList<string> ScanKernels
)
{
    /// <summary>Those of this process.</summary>
    public static VersionFacts Find() =>
        new(
            Reconciliation.Version,
            RuntimeInformation.FrameworkDescription,
            RuntimeInformation.OSDescription,
            RuntimeInformation.RuntimeIdentifier,
            Engine.Scan.ScanKernels.Chosen.Name(),
            [.. Engine.Scan.ScanKernels.Available.Select(kernel => kernel.Name())]
        );
}
