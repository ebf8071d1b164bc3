using System.Data.Common;
using System.Globalization;
using Amazon.Runtime;
using Downbeat.Samples;
using StackExchange.Redis;

const string Help = """
    The whole pipeline on this machine: raw files in S3, songs and users in PostgreSQL, results in every destination, compared
    cell by cell. Starts the servers that it needs (tests/servers/), and stops them at the end.

      samples/everywhere [--listens N] [--keep]

      --listens N  rows of listens, 1,000 or more [default: 200000]
      --keep       leaves the servers up until Enter, and says how to look at what they hold
      -h, --help   this

    Exits with 0 when all is equal, 1 when something differs or failed, 2 for wrong use, 77 when a server cannot be had.
    """;

var listens = 200_000L;
var keep = false;
for (var place = 0; place < args.Length; place++)
{
    switch (args[place])
    {
        case "-h" or "--help" or "-?":
            Console.WriteLine(Help);
            return 0;
        case "--keep":
            keep = true;
            break;
        case "--listens"
            when place + 1 < args.Length
                && long.TryParse(args[place + 1], NumberStyles.None, CultureInfo.InvariantCulture, out listens)
                && listens is >= 1000 and <= 100_000_000:
            place++;
            break;
        case "--listens":
            Console.Error.WriteLine("everywhere: --listens needs a whole number from 1000 to 100000000.");
            return 2;
        default:
            Console.Error.WriteLine($"everywhere: {args[place]} is not known; see --help.");
            return 2;
    }
}

try
{
    return Everywhere.Run(listens, keep ? Console.In : null, Console.Out);
}
catch (EverywhereException error)
{
    Console.Error.WriteLine($"everywhere: {error.Message}");
    return error.ExitCode;
}
catch (Exception error)
    when (error is DbException or AmazonServiceException or AmazonClientException or RedisException or IOException)
{
    Console.Error.WriteLine($"everywhere: {error.Message}");
    return 1;
}
