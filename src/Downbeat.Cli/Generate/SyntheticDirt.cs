namespace Downbeat.Cli.Generate;

/// <summary>The fields of a row of listens.</summary>
readonly record struct RowFields(string User, string Track, string Date, string Time, bool[] Flags);

/// <summary>The ways in which rows of listens go wrong in the field, or merely look as if they did.</summary>
static class SyntheticDirt
{
    /// <summary>
    /// A row that any reader has to reject: it is no listen whatever the time zone or the settings.
    /// </summary>
    public static string Break(RowFields fields, ref SplitMix random)
    {
        var (user, track, date, time, _) = fields;
        var flags = fields.Flags.Length == 0 ? "" : ",0,1";
        return random.Below(6) switch
            {
                // Too few fields, or too many.
                0 => Of(
                    ref random,
                    $"{user},{track}{flags}",
                    $"{user},{date} {time}{flags}",
                    $"{user}",
                    $"{user},{track},{date} {time}{flags},surplus",
                    $"{user},{track},{date} {time}{flags},\"of two\nlines, and \"\"quoted\"\"\""
                ),
                // No user id.
                1 =>
                    $"{Of(ref random, "", "\"\"", "-" + user, "+" + user, user + ".0", "1e3", "user-" + user,
                "\"" + user + "\"0", "9223372036854775808", "１２３", "null")},{track},{date} {time}{flags}",
                // No track id.
                2 => $"{user},{Of(ref random, "", "\"\"", new('x', 65), new('é', 33))},{date} {time}{flags}",
                // No date that exists.
                3 =>
                    $"{user},{track},{Of(ref random, "2024-02-30", "2023-02-29", "2024-06-31", "2024-13-01", "2024-00-10",
                "25.06.2024", "0000-00-00", "24-06-25")} {time}{flags}",
                // No time that exists.
                4 =>
                    $"{user},{track},{Of(ref random, "", "null", date, time, $"{date} 25:00:00", $"{date} 10:60:00",
                $"{date} 10:00:61", $"{date} {time} PM", $"{date} {time}+15:00", $"{date}  {time}")}{flags}",
                // A time long before anyone streamed, or not come yet.
                _ => $"{user},{track},{Of(ref random, "1969-07-20 20:17:40", "9999-12-31 23:59:59")}{flags}",
            } + "\n";
    }

    /// <summary>
    /// The same listen written in a way that is right but rare. In UTC, as times with an offset go.
    /// </summary>
    public static string Disguise(RowFields fields, ref SplitMix random)
    {
        var (user, track, date, time, _) = fields;
        var flags = string.Concat(fields.Flags.Select(flag => flag ? ",TRUE" : ","));
        return Of(
            ref random,
            $"\"{user}\",\"{track}\",\"{date} {time}\"{flags}\n",
            $"{user},\"{track}\",{date}T{time}{flags}\n",
            $"000{user},{track},{date} {time}{flags}\n",
            $"{user},{track},{date}T{time}Z{flags}\n",
            $"{user},{track},{date} {time}+00:00{flags}\n",
            $"{user},{track},{date} {time}.250{flags}\n",
            $"{user},{track},{date}T{time}.999999Z{flags}\n",
            $"{user},{track},{date} {time}{flags}\r\n",
            $"\n{user},{track},{date} {time}{flags}\n"
        );
    }

    static string Of(ref SplitMix random, params string[] kinds) => random.Pick(kinds);
}
