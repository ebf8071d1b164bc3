namespace Downbeat.Dashboard.Report;

/// <summary>What numbers tell, in sentences. It says nothing that does not follow from them, and compares with nothing that is not there.</summary>
sealed class Story
{
    /// <summary>When so many are equally first, none of them is worth a word.</summary>
    const int MostTied = 3;

    readonly List<IReadOnlyList<Words>> sentences = [];

    /// <summary>Adds a sentence, without its full stop.</summary>
    public void Say(params IReadOnlyList<Words> words) => sentences.Add(words);

    /// <summary>How a number compares with an earlier one; null when there is none to compare with.</summary>
    /// <param name="now">The number.</param>
    /// <param name="before">The earlier one.</param>
    /// <param name="with">What that was: <c>the Tuesday before</c>.</param>
    public static string? Compare(double now, double? before, string with)
    {
        if (before is not > 0)
        {
            return null;
        }

        var share = (now / before.Value) - 1;
        return share == 0 ? $"as many listens as {with}"
            : Figures.IsSame(share) ? $"nearly as many listens as {with}"
            : share >= 9 ? $"about {Figures.Count(share + 1)} times as many listens as {with}"
            : $"{Figures.Percent(Math.Abs(share))} {(share > 0 ? "more" : "fewer")} listens than {with}";
    }

    /// <summary>Those that have the most; none where too many have.</summary>
    public static List<T> First<T>(IReadOnlyCollection<T> all, Func<T, double> number)
    {
        if (all.Count == 0)
        {
            return [];
        }

        var most = all.Max(number);
        var first = all.Where(one => number(one) == most).ToList();
        return first.Count <= MostTied ? first : [];
    }

    /// <summary>Names with commas and an <c>and</c> between them.</summary>
    public static List<Words> Names(IReadOnlyList<string> names)
    {
        var words = new List<Words>();
        foreach (var (number, name) in names.Index())
        {
            words.Add(
                number == 0 ? ""
                : number == names.Count - 1 ? " and "
                : ", "
            );
            words.Add(new(name, IsName: true));
        }

        return words;
    }

    /// <summary>The sentences, each a paragraph's part.</summary>
    public Markup ToMarkup()
    {
        var html = new Markup();
        foreach (var (number, sentence) in sentences.Index())
        {
            html.Add($"{(number == 0 ? "" : " ")}");
            foreach (var word in sentence)
            {
                if (word.IsName)
                {
                    html.Add($"<b>{new Name(word.Text)}</b>");
                }
                else
                {
                    html.Add($"{word.Text}");
                }
            }

            html.Add($".");
        }

        return html;
    }

    /// <summary>The sentences as plain text.</summary>
    public override string ToString() =>
        string.Join(' ', sentences.Select(sentence => string.Concat(sentence.Select(word => word.Plain)) + "."));
}

/// <summary>A part of a sentence: our words, or what something is called.</summary>
sealed record Words(string Text, bool IsName = false)
{
    /// <summary>As it stands in plain text.</summary>
    public string Plain =>
        !IsName ? Text
        : string.IsNullOrWhiteSpace(Text) ? "(no name)"
        : $"“{Markup.Shortened(Markup.Safe(Text))}”";

    public static implicit operator Words(string text) => new(text);
}
