using Downbeat.Engine.Scan;

namespace Downbeat.Engine.Tests.Scan;

public sealed class ScanKernelTests
{
    [Fact]
    public void EveryMachineHasTheScalarKernelAndUsesItsBest()
    {
        Assert.Contains(ScanKernel.Scalar, ScanKernels.Available);
        Assert.Equal(ScanKernels.Available.Max(), ScanKernels.Best);
        Assert.Equal(ScanKernels.Best, ScanKernels.Chosen);
        Assert.All(ScanKernels.Available, kernel => Assert.True(ScanKernels.IsAvailable(kernel)));
        Assert.Throws<ArgumentOutOfRangeException>(() => ScanKernels.Chosen = (ScanKernel)99);
    }

    [Fact]
    public void EveryKernelHasAName()
    {
        Assert.Equal(["scalar", "vector128", "avx2", "avx512"], ScanKernels.AllNames);
        foreach (var kernel in Enum.GetValues<ScanKernel>())
        {
            Assert.True(ScanKernels.TryParse(kernel.Name(), out var parsed));
            Assert.Equal(kernel, parsed);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData(null)]
    [InlineData("AVX2")]
    [InlineData("1")]
    [InlineData("neon")]
    public void OtherNamesAreNone(string? name) => Assert.False(ScanKernels.TryParse(name, out _));
}
