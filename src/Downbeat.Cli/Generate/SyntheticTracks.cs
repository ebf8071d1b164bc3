namespace Downbeat.Cli.Generate;

/// <summary>All tracks, and which of them is listened to: 40 bytes a track, shared by the files.</summary>
sealed class SyntheticTracks
{
    /// <summary>
    /// Flattens the head of Zipf's law (Mandelbrot): of 20,000 tracks the top one gets about 0.7 % of the listens,
    /// not 10 %.
    /// </summary>
    const double HeadRanks = 20;

    readonly SyntheticTrack[] tracks;
    readonly AliasTable popularity;

    public SyntheticTracks(SyntheticOptions options)
    {
        tracks = new SyntheticTrack[options.Tracks];
        var weights = new double[options.Tracks];
        for (var number = 0; number < tracks.Length; number++)
        {
            tracks[number] = SyntheticTrack.Of(options, number, out var rank);
            weights[number] = 1 / (HeadRanks + rank * options.Tracks);
        }
        popularity = new(weights);
    }

    /// <summary>The track that 64 random bits stand for.</summary>
    public ref readonly SyntheticTrack Draw(ulong random) => ref tracks[popularity.Draw(random)];
}
