using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Downbeat.Testing.Servers;

/// <summary>
/// A real server for tests, started by a script of <c>tests/servers/</c> and stopped when this process ends, however it ends.
/// Tests of a process share one of a kind.
/// </summary>
public sealed class TestServer
{
    /// <summary>How a script ends that says why on standard error.</summary>
    const int CannotRunHere = 77;

    static readonly Dictionary<string, TestServer> Started = new(StringComparer.Ordinal);
    static readonly Lock Starting = new();

    readonly Process script;

    TestServer(Process script, string name, string directory, int port)
    {
        this.script = script;
        Name = name;
        Directory = directory;
        Port = port;
    }

    /// <summary>The script's name, as in <c>postgres</c>.</summary>
    public string Name { get; }

    /// <summary>Where it keeps everything.</summary>
    public string Directory { get; }

    /// <summary>Where it listens, on 127.0.0.1.</summary>
    public int Port { get; }

    /// <summary>What it said behind 'ready': where it is, and who may use it.</summary>
    public IReadOnlyList<string> Words { get; private set; } = [];

    /// <summary>Why it cannot be had on this machine; null when it runs.</summary>
    public string? Missing { get; private set; }

    /// <summary>A file of its folder.</summary>
    public string File(string name) => Path.Combine(Directory, name);

    /// <summary>The server of a name, started when it is asked for first.</summary>
    public static TestServer Get(string name)
    {
        lock (Starting)
        {
            if (!Started.TryGetValue(name, out var server))
            {
                Started.Add(name, server = Start(name));
            }

            return server;
        }
    }

    /// <summary>One more of a kind, which the caller may take down without anybody missing it.</summary>
    public static TestServer StartAnother(string name) => Start(name);

    /// <summary>A port of 127.0.0.1 that nobody uses now.</summary>
    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    static TestServer Start(string name)
    {
        var directory = System.IO.Directory.CreateTempSubdirectory($"downbeat-{name}-").FullName;
        var port = FreePort();
        var start = new ProcessStartInfo(Path.Combine(Repository.Folder, "tests", "servers", name))
        {
            ArgumentList = { directory, port.ToString(System.Globalization.CultureInfo.InvariantCulture) },
            RedirectStandardInput = true, // Ends with this process, and the server with it.
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        var started = Process.Start(start)!;
        var errors = started.StandardError.ReadToEndAsync();
        var server = new TestServer(started, name, directory, port);
        var said = started.StandardOutput.ReadLine();
        if (said?.StartsWith("missing: ", StringComparison.Ordinal) == true)
        {
            server.Missing = $"{name}: {said["missing: ".Length..]}";
        }
        else if (said?.Split(' ') is ["ready", .. var words])
        {
            server.Words = words;
        }
        else if (said is null && started.WaitForExit(1000) && started.ExitCode == CannotRunHere)
        {
            server.Missing = $"{name}: {errors.Result.Trim()}";
        }
        else
        {
            throw new InvalidOperationException($"tests/servers/{name} failed: {said}\n{errors.Result}");
        }

        AppDomain.CurrentDomain.ProcessExit += (_, _) => server.Stop();
        return server;
    }

    void Stop()
    {
        try
        {
            script.StandardInput.Close();
            script.WaitForExit(TimeSpan.FromSeconds(20));
            System.IO.Directory.Delete(Directory, recursive: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or InvalidOperationException)
        {
            // Left to the operating system: it is a temporary folder.
        }
    }
}
