using System.Text;
using Spectre.Console;

namespace Downbeat.Cli.Output;

/// <summary>
/// Standard output for results, standard error for everything else. Colours and cursor movement only on a terminal;
/// never colours with <c>NO_COLOR</c> (https://no-color.org).
/// </summary>
static class Terminal
{
    /// <summary>Nothing is wrapped that goes to a file or another program.</summary>
    const int Unlimited = 100_000;

    /// <summary>Where a terminal does not say how wide it is.</summary>
    const int UsualWidth = 100;

    static StreamWriter? file;

    /// <summary>Standard output, for results.</summary>
    public static IAnsiConsole Out => field ??= Create(OutputWriter, IsOutputTerminal);

    /// <summary>Standard error, for progress and messages.</summary>
    public static IAnsiConsole Error => field ??= Create(Console.Error, IsErrorTerminal);

    /// <summary>Whether someone looks at standard output.</summary>
    public static bool IsOutputTerminal => !Console.IsOutputRedirected && !IsDumb;

    /// <summary>Whether someone looks at standard error.</summary>
    public static bool IsErrorTerminal => !Console.IsErrorRedirected && !IsDumb;

    /// <summary>Standard output as text.</summary>
    public static TextWriter OutputWriter =>
        Console.IsOutputRedirected
            ? file ??= new(Console.OpenStandardOutput(), new UTF8Encoding(false), 1 << 16) { NewLine = "\n" }
            : Console.Out;

    static bool IsDumb => Environment.GetEnvironmentVariable("TERM") == "dumb";

    /// <summary>Writes a result line; what is in it from outside is shown and not obeyed.</summary>
    public static void Line(string text = "") => OutputWriter.WriteLine(SafeText.Of(text));

    /// <summary>Writes text for programs as it is, and to a terminal as one may look at it.</summary>
    public static void Write(string lines) => OutputWriter.Write(IsOutputTerminal ? SafeText.OfLines(lines) : lines);

    /// <summary>Writes bytes to standard output as they are, and text to a terminal as one may look at it.</summary>
    public static void Write(Stream bytes)
    {
        if (IsOutputTerminal)
        {
            using var text = new StreamReader(bytes);
            Write(text.ReadToEnd());
            return;
        }

        Flush();
        using var output = Console.OpenStandardOutput();
        bytes.CopyTo(output);
    }

    /// <summary>Hands on what is buffered.</summary>
    public static void Flush() => file?.Flush();

    static IAnsiConsole Create(TextWriter writer, bool isTerminal)
    {
        var hasColours = isTerminal && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));
        var console = AnsiConsole.Create(
            new()
            {
                Out = new AnsiConsoleOutput(writer),
                Ansi = isTerminal ? AnsiSupport.Yes : AnsiSupport.No,
                ColorSystem = hasColours ? ColorSystemSupport.Standard : ColorSystemSupport.NoColors,
                Interactive = isTerminal ? InteractionSupport.Yes : InteractionSupport.No,
                Enrichment = new() { UseDefaultEnrichers = false },
            }
        );
        console.Profile.Width = isTerminal ? TerminalWidth() : Unlimited;
        return console;
    }

    static int TerminalWidth()
    {
        const int Least = 40;
        try
        {
            return Console.WindowWidth is var width && width >= Least ? width : UsualWidth;
        }
        catch (IOException)
        {
            return UsualWidth;
        }
    }
}
