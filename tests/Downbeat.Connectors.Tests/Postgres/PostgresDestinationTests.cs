using System.Data.Common;
using Downbeat.Connectors.Postgres;
using Downbeat.Connectors.Tests.Publish;
using Downbeat.Pipeline.Publish;
using Microsoft.Extensions.Logging.Abstractions;

namespace Downbeat.Connectors.Tests.Postgres;

public sealed class PostgresDestinationTests : SqlDestinationContract, IDisposable
{
    readonly PostgresPlace place = new();

    protected override string Prefix => place.Prefix;

    protected override DbConnection OpenClient() => place.OpenClient();

    protected override IDestination Create() => new PostgresDestination(place.Options, NullLogger.Instance);

    protected override IDestination CreateThatDies(int afterSteps) =>
        new PostgresDestination(place.Options, NullLogger.Instance) { BeforeStatement = Death.After(afterSteps) };

    public void Dispose() => place.Dispose();
}
