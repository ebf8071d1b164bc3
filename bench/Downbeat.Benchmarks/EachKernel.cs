using BenchmarkDotNet.Attributes;
using Downbeat.Engine.Scan;

namespace Downbeat.Benchmarks;

/// <summary>Measured once with every kernel that this machine has.</summary>
public abstract class EachKernel
{
    /// <summary>The kernels.</summary>
    public static IEnumerable<ScanKernel> Kernels => ScanKernels.Available;

    /// <summary>The kernel measured.</summary>
    [ParamsSource(nameof(Kernels))]
    public ScanKernel Kernel { get; set; }
}
