using Downbeat.Pipeline.Alerts;
using Microsoft.Extensions.Logging;

namespace Downbeat.Connectors.Smtp;

/// <summary>E-mail. A mail that is sent again has the same Message-ID, by which many programs show it once.</summary>
/// <param name="options">The server, from whom and to whom.</param>
/// <param name="password">The password of the login, if there is one.</param>
/// <param name="logger">Told of recipients that the server does not take.</param>
public sealed class SmtpChannel(SmtpOptions options, string? password, ILogger logger) : IAlertChannel
{
    /// <inheritdoc/>
    public string Name => "email";

    /// <inheritdoc/>
    public string Place => options.ToString();

    /// <summary>What goes with an alert; nothing where nobody says.</summary>
    public Func<AlertMessage, IReadOnlyList<Attachment>> Attach { get; init; } = _ => [];

    /// <inheritdoc/>
    public Task SendAsync(AlertMessage message, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(message);
        return SendAsync(
            new Letter(
                message.Id,
                message.At,
                $"{message.Subject}: {message.Lake}",
                AlertTexts.Plain(message),
                Attach(message)
            ),
            cancellationToken
        );
    }

    /// <summary>Mails something else to the same recipients.</summary>
    /// <exception cref="AlertChannelException">It was not taken, or that is not known.</exception>
    public async Task SendAsync(Letter letter, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(letter);
        var mail = MailText.Of(
            $"Downbeat <{options.From}>",
            options.To,
            $"{letter.Id}.downbeat@{options.From[(options.From.LastIndexOf('@') + 1)..]}",
            letter with
            {
                Subject = AlertTexts.Safe(letter.Subject),
            }
        );
        foreach (
            var refused in await SmtpSession.SendAsync(options, password, mail, cancellationToken).ConfigureAwait(false)
        )
        {
            logger.RefusedRecipient(refused);
        }
    }

    /// <inheritdoc/>
    public void Dispose() { }
}
