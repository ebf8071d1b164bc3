namespace Downbeat.Testing.Servers;

/// <summary>
/// Lets every connection die after so many messages of the client: before the next one reaches the server, or after it did and
/// before the answer comes back. Only the first so many connections, if told so.
/// </summary>
public sealed class CuttingProxy(int serverPort, int afterMessages, bool loseAnswer, int connections = int.MaxValue)
    : PostgresProxy(serverPort)
{
    int begun;

    /// <inheritdoc/>
    protected override Conversation Begin(Stream client, Stream server) =>
        Interlocked.Increment(ref begun) <= connections
            ? new Cutting(client, server, afterMessages, loseAnswer)
            : base.Begin(client, server);

    sealed class Cutting(Stream client, Stream server, int afterMessages, bool loseAnswer)
        : Conversation(client, server)
    {
        int messages;

        protected override void FromClient(Message message)
        {
            var isLast = messages++ >= afterMessages;
            if (isLast && !loseAnswer)
            {
                throw new IOException("Cut.");
            }

            base.FromClient(message);
            if (isLast)
            {
                // The server has it, and does it whether or not anybody hears.
                if (message.Type is 'Q' or 'S' or 'c')
                {
                    Message.Read(Server);
                }

                throw new IOException("Cut.");
            }
        }
    }
}
