using Downbeat.Pipeline.Publish;

namespace Downbeat.Connectors.Tests.Publish;

/// <summary>Lets a destination die.</summary>
static class Death
{
    /// <summary>To be called before each step: does nothing so many times, and then dies each time.</summary>
    public static Action After(int steps)
    {
        var done = 0;
        return () =>
        {
            if (done++ >= steps)
            {
                throw new DestinationException("It died.");
            }
        };
    }
}
