using System.Globalization;
using Downbeat.Pipeline.Runs;

namespace Downbeat.Testing.Simulation;

/// <summary>How likely what is, drawn once for each simulation: those with few kinds of trouble reach deeper than those with all.</summary>
sealed class SimPlan
{
    static readonly double[] Rates = [0, 0.01, 0.03, 0.08];

    /// <summary>Where standing still has had consequences, or may have.</summary>
    static readonly string[] Places =
    [
        "put kpis/",
        "put if absent ledger/",
        "put scratch slices/",
        "put scratch catalogue/",
        "flush",
        "delete ",
        "move ",
        "copy ",
        "publish ",
        "replace lease",
    ];

    public SimPlan(Random random)
    {
        StallsAt = random.Next(2) == 0 ? Places[random.Next(Places.Length)] : null;
        IsS3 = random.Next(3) == 0;
        Destinations = random.Next(3);
        Episodes = random.Next(2, 6);
        Faults = random.Next(21);
        FaultRate = Rates[random.Next(Rates.Length)];
        OddRate = Rates[random.Next(Rates.Length)];
        ActRate = Rates[random.Next(Rates.Length)];
        SwitchRate = random.Next(3) switch
        {
            0 => 0.02,
            1 => 0.1,
            _ => 0.4,
        };
        ReaderRate = 0.005;
        SettleSeconds = random.Next(3) == 0 ? 30 : 0;
        CompactSlices = random.Next(4) == 0 ? 64 : 1 + random.Next(3);
    }

    public bool IsS3 { get; }

    public int Destinations { get; }

    public int Episodes { get; }

    public int Faults { get; }

    public double FaultRate { get; }

    public double OddRate { get; }

    public double ActRate { get; }

    public double SwitchRate { get; }

    public double ReaderRate { get; }

    public int SettleSeconds { get; }

    /// <summary>Few, so that dates are compacted; or as in earnest.</summary>
    public int CompactSlices { get; }

    /// <summary>Before which operations runs like to stand still.</summary>
    public string? StallsAt { get; }

    /// <summary>The settings of the last runs, and of those whose answer counts.</summary>
    public RunOptions LastOptions =>
        new()
        {
            Workers = 1,
            SortBufferMb = 16,
            MaxRejectedShare = 0.5,
            SettleSeconds = SettleSeconds,
            CompactSlices = CompactSlices,
        };

    /// <summary>The settings of any run.</summary>
    public RunOptions Options(Random random) =>
        random.Next(10) == 0 ? LastOptions with { Kpis = new() { TopTracks = 1 } } : LastOptions;

    public override string ToString() =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{Destinations} destinations, {Episodes} episodes, {Faults} faults at {FaultRate}, odd {OddRate}, producers {ActRate}, switches {SwitchRate}, settleSeconds {SettleSeconds}, stalls at {StallsAt ?? "random"}, compactSlices {CompactSlices}"
        );
}
