using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Downbeat.Engine.Scan;

/// <summary>Which instructions the vector code uses. All kernels give the same answers, some later.</summary>
public enum ScanKernel
{
    /// <summary>None: the twin that says simply what the others say fast.</summary>
    Scalar,

    /// <summary>Portable vectors of 16 bytes: SSE on x64, NEON on ARM.</summary>
    Vector128,

    /// <summary>Vectors of 32 bytes: AVX2.</summary>
    Avx2,

    /// <summary>Vectors of 64 bytes: AVX-512 with F, BW, CD, DQ and VL.</summary>
    Avx512,
}

/// <summary>The kernels there are, and the one that is used.</summary>
public static class ScanKernels
{
    static readonly string[] Names = ["scalar", "vector128", "avx2", "avx512"];

    /// <summary>The kernels that this machine can run, slowest first; <see cref="ScanKernel.Scalar"/> is always one.</summary>
    public static IReadOnlyList<ScanKernel> Available { get; } = [.. Enum.GetValues<ScanKernel>().Where(IsAvailable)];

    /// <summary>The fastest that this machine can run.</summary>
    public static ScanKernel Best { get; } = Available[^1];

    /// <summary>The kernel that is used. To be set, if at all, before the first scan.</summary>
    /// <exception cref="ArgumentOutOfRangeException">This machine cannot run it.</exception>
    public static ScanKernel Chosen
    {
        get;
        set =>
            field = Available.Contains(value)
                ? value
                : throw new ArgumentOutOfRangeException(nameof(value), value, "This machine cannot run that kernel.");
    } = Best;

    /// <summary>The names of all kernels, slowest first.</summary>
    public static IReadOnlyList<string> AllNames => Names;

    /// <summary>Whether this machine can run a kernel.</summary>
    public static bool IsAvailable(ScanKernel kernel) =>
        kernel switch
        {
            ScanKernel.Scalar => true,
            ScanKernel.Vector128 => Vector128.IsHardwareAccelerated,
            ScanKernel.Avx2 => Avx2.IsSupported && Vector256.IsHardwareAccelerated,
            ScanKernel.Avx512 => Avx512BW.IsSupported && Vector512.IsHardwareAccelerated,
            _ => false,
        };

    /// <summary>What a kernel is called: <c>scalar</c>, <c>vector128</c>, <c>avx2</c>, <c>avx512</c>.</summary>
    public static string Name(this ScanKernel kernel) => Names[(int)kernel];

    /// <summary>The kernel of a name, whether this machine can run it or not.</summary>
    public static bool TryParse(string? name, out ScanKernel kernel)
    {
        var index = Array.IndexOf(Names, name);
        kernel = (ScanKernel)Math.Max(index, 0);
        return index >= 0;
    }
}
