using System.Globalization;
using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Filters;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Downbeat.Benchmarks;
using Perfolizer.Horology;

// bench/kernels starts this, and checks what it is given: DIR [--check] [FILTER]. Tables go to standard output as markdown.
var folder = args[0];
var isCheck = args.Contains("--check", StringComparer.Ordinal);
var filter = args.Skip(1).FirstOrDefault(argument => argument != "--check");

Directory.CreateDirectory(folder);
using var details = new StreamLogger(Path.Combine(folder, "log.txt"));
var config = ManualConfig
    .CreateEmpty()
    .AddJob(isCheck ? Once() : Short())
    .AddLogger(details)
    .AddColumnProvider(DefaultColumnProviders.Descriptor, DefaultColumnProviders.Params)
    .AddColumn(StatisticColumn.Median, StatisticColumn.Min, StatisticColumn.Max, BaselineRatioColumn.RatioMean)
    .WithArtifactsPath(folder)
    .WithOptions(ConfigOptions.DisableLogFile);
if (filter is not null)
{
    config.AddFilter(
        new SimpleFilter(benchmark =>
            $"{Tables.Name(benchmark.Descriptor.Type)}.{benchmark.Descriptor.WorkloadMethod.Name}".Contains(
                filter,
                StringComparison.OrdinalIgnoreCase
            )
        )
    );
}

var runs = typeof(Program)
    .Assembly.GetTypes()
    .Where(type => type.Name.EndsWith("Benchmarks", StringComparison.Ordinal) && !type.IsAbstract)
    .OrderBy(type => type.Name, StringComparer.Ordinal)
    .Select(type => BenchmarkConverter.TypeToBenchmarks(type, config))
    .Where(run => run.BenchmarksCases.Length > 0)
    .ToList();
if (runs.Count == 0)
{
    Console.Error.WriteLine($"kernels: no benchmark's class or method has {filter} in its name.");
    return 2;
}

var failed = 0;
for (var number = 0; number < runs.Count; number++)
{
    var type = runs[number].Type;
    Console.Error.WriteLine(
        string.Create(CultureInfo.InvariantCulture, $"{number + 1} of {runs.Count}: {Tables.Name(type)} …")
    );
    var summary = BenchmarkRunner.Run(runs[number]);
    var failures = summary.HasCriticalValidationErrors
        ? runs[number].BenchmarksCases.Length
        : summary.Reports.Count(report => !report.Success);
    failed += failures;
    if (!isCheck)
    {
        if (number == 0)
        {
            Tables.WriteMachine(summary, Console.Out);
        }

        Tables.Write(type, summary, Console.Out);
    }
}

if (failed > 0)
{
    details.Flush();
    Console.Error.WriteLine(
        string.Create(CultureInfo.InvariantCulture, $"kernels: {failed} benchmarks failed; {folder}/log.txt says why.")
    );
    return 1;
}

return 0;

// In this process: a build of its own for every benchmark would take longer than the benchmarks.
static Job Once() => Job.Dry.WithToolchain(InProcessEmitToolchain.Instance);

static Job Short() =>
    Job
        .Default.WithToolchain(InProcessEmitToolchain.Instance)
        .WithWarmupCount(3)
        .WithIterationCount(9)
        .WithIterationTime(TimeInterval.FromMilliseconds(100))
        // One call takes microseconds at least: calling it costs nothing beside.
        .WithEvaluateOverhead(false);
