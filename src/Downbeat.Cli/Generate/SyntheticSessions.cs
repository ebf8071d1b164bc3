namespace Downbeat.Cli.Generate;

/// <summary>A listen, as a row tells it.</summary>
/// <param name="UserId">Who.</param>
/// <param name="TrackId">What.</param>
/// <param name="Second">When, counted from the period's first midnight.</param>
/// <param name="Liked">Whether the user liked it.</param>
/// <param name="Shared">Whether the user shared it.</param>
readonly record struct SyntheticListen(long UserId, TrackText TrackId, int Second, bool Liked, bool Shared);

/// <summary>
/// The endless stream of listens that a file is made of. Many people listen at once; each in turn, at random, goes on
/// to the next track, until they stop and someone else begins at some other time. So rows are in no order, a
/// session's listens lie about a track apart, and memory does not grow with the rows.
/// </summary>
sealed class SyntheticSessions
{
    const int MostPlayers = 4096; // 64 KB: they stay in the cache.
    const int RowsAPlayer = 64; // Few rows still hold whole sessions.
    const int StopOf256 = 28; // A session has 9 listens on average.
    const int SkipOf256 = 16;
    const int PauseOf256 = 8;
    const int ShareOf256 = 3;
    const int LatePercent = 2;
    const int DaySeconds = 86_400;
    const int MaxPauseSeconds = 7_200;

    readonly SyntheticTracks tracks;
    readonly SyntheticUsers users;
    readonly ListeningCurve curve;
    readonly int start;
    readonly int end;
    readonly Player[] players;
    SplitMix random;

    /// <param name="options">The whole.</param>
    /// <param name="tracks">What is listened to.</param>
    /// <param name="users">Who listens.</param>
    /// <param name="curve">When people listen.</param>
    /// <param name="subject">Which of the file's streams.</param>
    /// <param name="fileNumber">
    /// A file holds the sessions that began in its part of the period, and some late ones of the day before that.
    /// </param>
    public SyntheticSessions(
        SyntheticOptions options,
        SyntheticTracks tracks,
        SyntheticUsers users,
        ListeningCurve curve,
        Subject subject,
        int fileNumber
    )
    {
        this.tracks = tracks;
        this.users = users;
        this.curve = curve;
        // Files have as many rows as each other, so one that is filled at night takes longer to fill.
        start = Math.Min(curve.SecondAt((fileNumber - 1.0) / options.Files), curve.Seconds - 1);
        end = Math.Max(curve.SecondAt((double)fileNumber / options.Files), start + 1);
        random = new(options.Seed, subject, fileNumber);
        players = new Player[(int)Math.Clamp(options.Listens / options.Files / RowsAPlayer, 1, MostPlayers)];
        for (var i = 0; i < players.Length; i++)
        {
            players[i] = Begin();
        }
    }

    /// <summary>The next listen.</summary>
    public SyntheticListen Next()
    {
        // One number decides five things: 32 bits and four times 8.
        var bits = random.Next();
        var (gap, stop, like, share) = ((byte)(bits >> 32), (byte)(bits >> 40), (byte)(bits >> 48), (byte)(bits >> 56));
        ref var player = ref players[(int)((uint)bits * (ulong)players.Length >> 32)];
        ref readonly var track = ref tracks.Draw(random.Next());
        var (liked, shared) = (like < track.LikeShare, share < ShareOf256);
        var listen = new SyntheticListen(player.UserId, track.Id, player.Second, liked, shared);

        var seconds = track.DurationMs / 1000;
        player.Second += gap switch
        {
            < SkipOf256 => 5 + random.Below(seconds),
            < SkipOf256 + PauseOf256 => seconds + random.Below(MaxPauseSeconds),
            _ => seconds + (int)(bits & 3),
        };
        if (stop < StopOf256 || player.Second >= curve.Seconds)
        {
            player = Begin();
        }
        return listen;
    }

    Player Begin()
    {
        var late = random.Chance(LatePercent) && start > 0;
        var (first, last) = late ? (Math.Max(0, start - DaySeconds), start) : (start, end);
        return new(users.DrawId(ref random), curve.Draw(ref random, first, last));
    }

    /// <summary>Someone listening, and when their next track begins.</summary>
    record struct Player(long UserId, int Second);
}
