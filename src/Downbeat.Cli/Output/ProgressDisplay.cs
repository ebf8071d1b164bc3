using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Downbeat.Pipeline.Runs;
using Microsoft.Extensions.Logging;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Downbeat.Cli.Output;

/// <summary>
/// Shows on standard error how far work has come: bars with rates on a terminal, else a line every few seconds, and
/// nothing at all for work that takes less.
/// </summary>
sealed class ProgressDisplay : IProgress<RunProgress>
{
    static readonly TimeSpan LineInterval = TimeSpan.FromSeconds(5);

    readonly ConcurrentDictionary<string, Lazy<Stage>> stages = new(StringComparer.Ordinal); // Lazy: one bar a stage.
    readonly Func<string, Stage> add;

    ProgressDisplay(Func<string, Stage> add) => this.add = add;

    /// <summary>Does work that reports its progress, and shows that.</summary>
    public static T Show<T>(Func<IProgress<RunProgress>, T> work) =>
        Terminal.IsErrorTerminal && !ConsoleLogger.IsJson ? ShowBars(work) : ShowLines(work);

    /// <inheritdoc/>
    public void Report(RunProgress value) =>
        stages.GetOrAdd(value.Stage, name => new(() => add(name))).Value.Update(value);

    static T ShowBars<T>(Func<IProgress<RunProgress>, T> work)
    {
        var rates = new RateColumn();
        return Terminal
            .Error.Progress()
            .AutoClear(true)
            .HideCompleted(false)
            .Columns(
                new TaskDescriptionColumn { Alignment = Justify.Left },
                new ProgressBarColumn { Width = 30 },
                new PercentageColumn(),
                rates
            )
            .Start(context =>
                work(
                    new ProgressDisplay(name =>
                    {
                        var task = context.AddTask(Markup.Escape(name), maxValue: 1);
                        return new(
                            name,
                            stage =>
                            {
                                task.MaxValue = Math.Max(1, stage.Total);
                                task.Value = stage.Total == 0 ? 1 : stage.Done;
                                rates.Set(task, stage.Rate);
                            }
                        );
                    })
                )
            );
    }

    static T ShowLines<T>(Func<IProgress<RunProgress>, T> work)
    {
        Stage? latest = null;
        var display = new ProgressDisplay(name => new(name, stage => Volatile.Write(ref latest, stage)));
        using var timer = new Timer(
            _ =>
            {
                if (Volatile.Read(ref latest) is { } stage)
                {
                    ConsoleLogger.Write(LogLevel.Information, stage.ToString());
                }
            },
            null,
            LineInterval,
            LineInterval
        );
        return work(display);
    }

    /// <summary>How far one stage has come.</summary>
    sealed class Stage(string name, Action<Stage> onChange)
    {
        readonly long start = Stopwatch.GetTimestamp();
        RunProgress? last;

        public long Done => last?.Done ?? 0;

        public long Total => last?.Total ?? 0;

        public string Rate
        {
            get
            {
                var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
                return last is not { } progress || seconds < 0.2 ? ""
                    : progress.Rows > 0 ? Figures.Rate(progress.Rows, seconds, "rows")
                    : Figures.Rate(progress.Done, seconds, progress.Unit);
            }
        }

        public void Update(RunProgress progress)
        {
            // Threads may report out of order; nobody wants to see a bar go back.
            var seen = last;
            if (seen is null || progress.Done >= seen.Done || progress.Total != seen.Total)
            {
                last = progress;
                onChange(this);
            }
        }

        public override string ToString()
        {
            var progress = last;
            var done = progress is { Unit: "bytes" }
                ? $"{Figures.Bytes(progress.Done)} of {Figures.Bytes(progress.Total)}"
                : $"{Figures.Count(Done)} of {Figures.Count(Total)} {progress?.Unit}";
            var percent = Total == 0 ? 100 : 100 * Done / Total;
            return string.Create(
                CultureInfo.InvariantCulture,
                $"{name}: {percent} % ({done}{(Rate.Length > 0 ? ", " + Rate : "")})"
            );
        }
    }

    /// <summary>Shows a stage's rate.</summary>
    sealed class RateColumn : ProgressColumn
    {
        readonly ConcurrentDictionary<int, string> rates = new();

        public void Set(ProgressTask task, string rate) => rates[task.Id] = rate;

        public override IRenderable Render(RenderOptions options, ProgressTask task, TimeSpan deltaTime) =>
            new Text(rates.GetValueOrDefault(task.Id, ""), new(foreground: Color.Grey));
    }
}
