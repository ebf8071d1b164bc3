using System.Diagnostics;
using System.Globalization;

namespace Downbeat.Connectors.Tests.Night;

/// <summary>What a process takes, second by second, as Linux tells; and how busy the machine is meanwhile.</summary>
sealed class ProcessSamples(int process)
{
    /// <summary>Memory in MB.</summary>
    public List<double> Memory { get; } = [];

    /// <summary>Processes that want a processor, over a minute.</summary>
    public List<double> Load { get; } = [];

    /// <summary>How much time of a processor it has taken so far.</summary>
    public TimeSpan Cpu
    {
        get
        {
            using var one = Process.GetProcessById(process);
            return one.TotalProcessorTime;
        }
    }

    /// <summary>How often each of its threads has woken up so far, or since then.</summary>
    public Dictionary<string, long> WakeUps(Dictionary<string, long>? since = null)
    {
        var found = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var task in Directory.GetDirectories(Proc("task")))
        {
            try
            {
                found[task] =
                    Field(Path.Combine(task, "status"), "voluntary_ctxt_switches:")
                    - (since?.GetValueOrDefault(task) ?? 0);
            }
            catch (IOException)
            {
                // It has ended meanwhile.
            }
        }

        return found;
    }

    /// <summary>Its memory now, in MB.</summary>
    public double MemoryNow => Field(Proc("status"), "VmRSS:") / 1000.0;

    /// <summary>Samples each second until it is stopped.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            Memory.Add(MemoryNow);
            Load.Add(double.Parse(File.ReadAllText("/proc/loadavg").Split(' ')[0], CultureInfo.InvariantCulture));
            await Task.WhenAny(Task.Delay(TimeSpan.FromSeconds(1), stop));
        }
    }

    string Proc(string name) => string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/{name}");

    static long Field(string file, string name) =>
        long.Parse(
            File.ReadLines(file)
                .First(line => line.StartsWith(name, StringComparison.Ordinal))[name.Length..]
                .Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries)[0],
            CultureInfo.InvariantCulture
        );
}
