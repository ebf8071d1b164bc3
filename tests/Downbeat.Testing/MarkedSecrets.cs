using System.Text;

namespace Downbeat.Testing;

/// <summary>Secrets that can be found again: in whatever was written, as they are or in another form.</summary>
public sealed class MarkedSecrets
{
    readonly List<(string Name, byte[] Form)> forms = [];

    /// <summary>In how much was searched: files, objects and outputs.</summary>
    public int Searched { get; private set; }

    /// <summary>Makes a secret, and remembers it.</summary>
    public string New(string name) => Add(name, $"zq{Guid.NewGuid():N}/+&=");

    /// <summary>Remembers a secret that is one already.</summary>
    public string Add(string name, string secret)
    {
        ArgumentNullException.ThrowIfNull(secret);
        var core = Encoding.UTF8.GetBytes(secret.Split('/')[0]);
        Add(name, core);
        Add($"{name} in hex", Encoding.ASCII.GetBytes(Convert.ToHexStringLower(core)));
        Add($"{name} in UTF-16", Encoding.Unicode.GetBytes(Encoding.UTF8.GetString(core)));
        Add($"{name}, URL-encoded", Encoding.UTF8.GetBytes(Uri.EscapeDataString(secret)));
        for (var before = 0; before < 3; before++)
        {
            // Wherever it begins in a text that was encoded: of what is at its ends other bytes have a part.
            var text = Convert.ToBase64String([.. new byte[before], .. core]);
            Add($"{name} in base64", Encoding.ASCII.GetBytes(text[(before == 0 ? 0 : 4)..^4]));
        }

        return secret;
    }

    /// <summary>Which secrets stand in something.</summary>
    public IReadOnlyList<string> FindIn(string where, ReadOnlySpan<byte> bytes)
    {
        Searched++;
        var found = new List<string>();
        foreach (var (name, form) in forms)
        {
            if (bytes.IndexOf(form) >= 0)
            {
                found.Add($"{name} is in {where}");
            }
        }

        return found;
    }

    /// <summary>Which secrets stand in the files of a folder.</summary>
    public IReadOnlyList<string> FindInFiles(string folder) =>
        [
            .. Directory
                .EnumerateFiles(folder, "*", SearchOption.AllDirectories)
                .SelectMany(file => FindIn(file, [.. Encoding.UTF8.GetBytes(file), .. File.ReadAllBytes(file)])),
        ];

    /// <summary>Which secrets a command told.</summary>
    public IReadOnlyList<string> FindIn(string command, CliResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        return FindIn($"what {command} said", Encoding.UTF8.GetBytes(result.Output + result.Error));
    }

    void Add(string name, byte[] form) => forms.Add((name, form));
}
