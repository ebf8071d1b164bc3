using Downbeat.Pipeline.Alerts;

namespace Downbeat.Connectors;

/// <summary>What a system answers, for people: it may repeat what it was sent.</summary>
static class Answers
{
    const int LettersOfSecret = 8;
    const int LettersShown = 200;

    /// <summary>The answer in a line, or nothing where a part of a secret may stand in it.</summary>
    public static string Safe(string answer, params IEnumerable<string> secrets)
    {
        foreach (var secret in secrets.Where(secret => secret.Length > 0))
        {
            if (answer.Contains(secret[..Math.Min(secret.Length, LettersOfSecret)], StringComparison.Ordinal))
            {
                return "";
            }
        }

        var line = AlertTexts.Safe(answer.Trim());
        return line.Length > LettersShown ? line[..LettersShown] : line;
    }
}
