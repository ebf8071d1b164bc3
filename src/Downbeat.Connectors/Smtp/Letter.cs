namespace Downbeat.Connectors.Smtp;

/// <summary>What is mailed to the recipients of a channel.</summary>
/// <param name="Id">What tells it from others: one that is sent again has the same.</param>
/// <param name="At">When it is from.</param>
/// <param name="Subject">What it is about, in a line.</param>
/// <param name="Text">What it says.</param>
/// <param name="Attachments">What goes with it.</param>
public sealed record Letter(
    string Id,
    DateTimeOffset At,
    string Subject,
    string Text,
    IReadOnlyList<Attachment> Attachments
);

/// <summary>A file that goes with a mail.</summary>
/// <param name="Name">What it is called, in ASCII and without quotes.</param>
/// <param name="ContentType">What it is: <c>application/pdf</c>.</param>
/// <param name="Bytes">What it holds.</param>
public sealed record Attachment(string Name, string ContentType, byte[] Bytes);
