using Downbeat.Connectors.Folder;
using Downbeat.Connectors.Postgres;
using Downbeat.Connectors.Sqlite;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Publish;
using Microsoft.Extensions.Logging;

namespace Downbeat.Cli.Settings;

/// <summary>Makes the destinations that settings name.</summary>
static class Destinations
{
    /// <summary>They connect to nothing before they are used.</summary>
    public static IReadOnlyList<IDestination> Of(LakeSettings settings, ILake lake, ILogger logger)
    {
        var destinations = new List<IDestination>();
        if (settings.Sqlite && lake is FolderLake folder)
        {
            destinations.Add(Warehouse(folder));
        }

        if (settings.Postgres.Address is not null)
        {
            destinations.Add(new PostgresDestination(settings.Postgres, logger));
        }

        return destinations;
    }

    /// <summary>The embedded warehouse of a lake in a folder.</summary>
    public static SqliteDestination Warehouse(FolderLake lake) => new(Path.Join(lake.Name, LakePaths.Warehouse));
}
