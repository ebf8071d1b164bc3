using System.ComponentModel;
using System.Reflection;
using BenchmarkDotNet.Exporters;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Reports;

namespace Downbeat.Benchmarks;

/// <summary>Results as markdown: one table a class, under what its times are of.</summary>
static class Tables
{
    /// <summary>What a class of benchmarks is called in tables and filters.</summary>
    public static string Name(Type type) => type.Name[..^"Benchmarks".Length];

    /// <summary>Writes what was measured on, as BenchmarkDotNet found it.</summary>
    public static void WriteMachine(Summary summary, TextWriter output)
    {
        output.WriteLine("```");
        foreach (var line in summary.HostEnvironmentInfo.ToFormattedString())
        {
            output.WriteLine(line);
        }

        output.WriteLine(summary.AllRuntimes);
        output.WriteLine("```");
    }

    /// <summary>Writes the table of a class.</summary>
    public static void Write(Type type, Summary summary, TextWriter output)
    {
        output.WriteLine();
        output.WriteLine($"## {Name(type)}");
        output.WriteLine();
        output.WriteLine(type.GetCustomAttribute<DescriptionAttribute>()?.Description);
        output.WriteLine();
        var text = new AccumulationLogger();
        MarkdownExporter.GitHub.ExportToLog(summary, text);

        // Above the table it repeats the machine and the job.
        foreach (var line in text.GetLog().Split('\n').Where(line => line.StartsWith('|')))
        {
            output.WriteLine(line.TrimEnd());
        }

        output.Flush();
    }
}
