using System.Globalization;

namespace Downbeat.Cli.Generate;

/// <summary>The catalogue: a row for each genre of each track.</summary>
sealed class SyntheticSongs(SyntheticOptions options)
{
    const int TracksAnArtist = 6;

    public void Write(CsvOutput output)
    {
        output.Write(
            "track_id,artists,album_name,track_name,popularity,duration_ms,explicit,danceability,energy,key,"
                + "loudness,mode,speechiness,acousticness,instrumentalness,liveness,valence,tempo,time_signature,"
                + "track_genre\n"
        );
        for (var number = 0; number < options.Tracks; number++)
        {
            var track = SyntheticTrack.Of(options, number, out var rank);
            var random = new SplitMix(options.Seed, Subject.Song, number);
            var fate = random.Below(400);
            if (options.DirtShare > 0 && fate == 0)
            {
                continue; // Listened to, but unknown.
            }
            var rejected = options.DirtShare > 0 && fate == 1;
            WriteTrack(output, track, rank, rejected ? 0 : track.DurationMs, ref random);
        }
    }

    void WriteTrack(CsvOutput output, in SyntheticTrack track, double rank, int durationMs, ref SplitMix random)
    {
        var artistCount = Math.Max(1, options.Tracks / TracksAnArtist);
        var artist = random.Skewed(artistCount);
        var (artists, genre) = ArtistOf(artist);
        for (var others = random.Below(100); others < 24; others += 20) // One other: 20 %, two: 4 %.
        {
            artists += ";" + ArtistOf(random.Skewed(artistCount)).Name;
        }
        var title = Names.Title(ref random);
        var album = random.Chance(30) ? title : Names.Album(ref random);
        title += Names.Version(ref random);
        var popularity = Math.Clamp((int)(97 * (1 - rank) * (1 - rank)) + random.Below(17) - 8, 0, 100);
        var sound = new Sound(ref random);

        var genres = random.Chance(8) ? 2 + random.Below(2) : 1;
        for (var i = 0; i < Math.Min(genres, options.Genres); i++)
        {
            output.Field(track.Id.ToString());
            output.Field(artists);
            output.Field(album);
            output.Field(title);
            output.Field(popularity);
            output.Field(durationMs);
            sound.Write(output);
            // Neighbours in the list are of about the same size, and never the same.
            output.Field(Names.Genre((genre + i) % options.Genres));
            output.EndRow();
        }
    }

    /// <summary>An artist has a name and plays one kind of music.</summary>
    (string Name, int Genre) ArtistOf(int number)
    {
        var random = new SplitMix(options.Seed, Subject.Artist, number);
        return (Names.Artist(ref random), random.Skewed(options.Genres));
    }

    /// <summary>
    /// The columns that are carried along: what a machine heard in the track. Loud goes with energy, acoustic against
    /// it.
    /// </summary>
    readonly struct Sound
    {
        readonly string[] columns;

        public Sound(ref SplitMix random)
        {
            var energy = Thousandths(0.64 + 0.22 * random.Normal());
            var danceability = Thousandths(0.57 + 0.17 * random.Normal());
            columns =
            [
                random.Chance(9) ? "True" : "False",
                Text(danceability),
                Text(energy),
                Text(random.Below(12)),
                Text(-21 + 15 * energy + decimal.Round((decimal)(2.2 * random.Normal()), 3)), // Loudness, in dB.
                random.Chance(64) ? "1" : "0",
                Text(Thousandths(0.03 + 0.12 * Cubed(random.Unit()) + 0.01 * random.Unit())),
                Text(Thousandths((double)(1 - energy) * 0.9 + 0.15 * random.Normal())),
                Instrumentalness(ref random),
                Text(Thousandths(0.1 + 0.1 * random.Unit() + 0.6 * Cubed(random.Unit()))),
                Text(Thousandths(0.47 + 0.25 * random.Normal())),
                Text(decimal.Round((decimal)Math.Clamp(122 + 29 * random.Normal(), 50, 240), 3)),
                random.Chance(89) ? "4"
                : random.Chance(75) ? "3"
                : "5",
            ];
        }

        public void Write(CsvOutput output)
        {
            foreach (var column in columns)
            {
                output.Field(column);
            }
        }

        static double Cubed(double value) => value * value * value;

        static decimal Thousandths(double share) => (int)(Math.Clamp(share, 0.001, 0.994) * 1000) / 1000m;

        /// <summary>None at all, next to none in scientific notation, or some.</summary>
        static string Instrumentalness(ref SplitMix random) =>
            random.Below(10) switch
            {
                < 4 => "0.0",
                < 7 => $"{1 + random.Below(9)}.{random.Below(100):D2}e-0{5 + random.Below(2)}",
                _ => Text(Thousandths(Cubed(random.Unit()))),
            };

        static string Text(decimal number) => number.ToString("0.0##", CultureInfo.InvariantCulture);

        static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
    }
}
