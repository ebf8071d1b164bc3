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

    /// <inheritdoc/>
    public async Task SendAsync(AlertMessage message, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(message);
        var mail = MailText.Of(
            $"Downbeat <{options.From}>",
            options.To,
            AlertTexts.Safe($"{message.Subject}: {message.Lake}"),
            $"{message.Id}.downbeat@{options.From[(options.From.LastIndexOf('@') + 1)..]}",
            message.At,
            AlertTexts.Plain(message)
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
