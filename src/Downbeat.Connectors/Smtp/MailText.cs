using System.Globalization;
using System.Text;

namespace Downbeat.Connectors.Smtp;

/// <summary>A message as it is mailed (RFC 5322, 2045, 2047): ASCII in lines of at most 76 letters, whatever the texts are.</summary>
static class MailText
{
    const int LongestLine = 76;
    const int LongestWord = 75;

    /// <summary>Headers and text, with CRLF between lines and at the end.</summary>
    public static string Of(string from, IReadOnlyList<string> to, string messageId, Letter letter)
    {
        var mail = new StringBuilder();
        void Header(string name, string value) => mail.Append(name).Append(": ").Append(value).Append("\r\n");
        Header("From", from);
        Header("To", string.Join(",\r\n ", to));
        Header("Subject", Words(letter.Subject, "Subject: ".Length));
        Header(
            "Date",
            letter.At.ToUniversalTime().ToString("ddd, dd MMM yyyy HH:mm:ss '+0000'", CultureInfo.InvariantCulture)
        );
        Header("Message-ID", $"<{messageId}>");
        Header("Auto-Submitted", "auto-generated"); // So that nobody's absence is answered.
        Header("MIME-Version", "1.0");
        if (letter.Attachments.Count == 0)
        {
            Text(letter.Text, mail);
            return mail.ToString();
        }

        const string Boundary = "=_downbeat"; // No line of quoted-printable or base64 can be this.
        Header("Content-Type", $"multipart/mixed; boundary=\"{Boundary}\"");
        mail.Append("\r\n--").Append(Boundary).Append("\r\n");
        Text(letter.Text, mail);
        foreach (var attachment in letter.Attachments)
        {
            mail.Append("--").Append(Boundary).Append("\r\n");
            Header("Content-Type", $"{attachment.ContentType};\r\n name=\"{attachment.Name}\"");
            Header("Content-Transfer-Encoding", "base64");
            Header("Content-Disposition", $"attachment;\r\n filename=\"{attachment.Name}\"");
            mail.Append("\r\n")
                .Append(Convert.ToBase64String(attachment.Bytes, Base64FormattingOptions.InsertLineBreaks))
                .Append("\r\n");
        }

        return mail.Append("--").Append(Boundary).Append("--\r\n").ToString();
    }

    static void Text(string text, StringBuilder mail)
    {
        mail.Append("Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n");
        foreach (var line in text.TrimEnd('\n').Split('\n'))
        {
            QuotedPrintable(line, mail);
            mail.Append("\r\n");
        }
    }

    /// <summary>A text for a header: as it is where that is allowed, else in encoded words, folded between them.</summary>
    static string Words(string text, int used)
    {
        if (
            text.All(letter => letter is >= ' ' and <= '~')
            && text.Length + used <= LongestLine
            && !text.Contains("=?", StringComparison.Ordinal)
        )
        {
            return text;
        }

        const string Begin = "=?utf-8?B?";
        const string End = "?=";
        var words = new StringBuilder();
        var bytes = new List<byte>();
        Span<byte> utf8 = stackalloc byte[4];
        void Close()
        {
            words
                .Append(words.Length > 0 ? "\r\n " : "")
                .Append(Begin)
                .Append(Convert.ToBase64String([.. bytes]))
                .Append(End);
            bytes.Clear();
            used = 1;
        }

        foreach (var rune in text.EnumerateRunes()) // A letter stays in one word.
        {
            var length = rune.EncodeToUtf8(utf8);
            var encoded = (bytes.Count + length + 2) / 3 * 4;
            if (bytes.Count > 0 && encoded + Begin.Length + End.Length > LongestWord - used)
            {
                Close();
            }

            bytes.AddRange(utf8[..length]);
        }

        Close();
        return words.ToString();
    }

    static void QuotedPrintable(string line, StringBuilder mail)
    {
        var bytes = Encoding.UTF8.GetBytes(line);
        var column = 0;
        foreach (var (at, one) in bytes.Index())
        {
            var isLast = at == bytes.Length - 1;
            var isPlain = one is >= (byte)'!' and <= (byte)'~' and not (byte)'=' || (one == (byte)' ' && !isLast);
            var length = isPlain ? 1 : 3;
            if (column + length > LongestLine - (isLast ? 0 : 1))
            {
                mail.Append("=\r\n");
                column = 0;
            }

            mail.Append(isPlain ? ((char)one).ToString() : string.Create(CultureInfo.InvariantCulture, $"={one:X2}"));
            column += length;
        }
    }
}
