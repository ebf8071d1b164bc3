using System.Text.Json.Serialization;

namespace Downbeat.Pipeline.Alerts;

/// <summary>Something that is as it should not be. It holds no listener's data, and no secret.</summary>
public sealed record AlertCondition
{
    /// <summary>What it is.</summary>
    [JsonConverter(typeof(JsonStringEnumConverter<AlertKind>))]
    public required AlertKind Kind { get; init; }

    /// <summary>What tells it from others of its kind: a destination, the id of a source, a date, a step, a run.</summary>
    public required string Name { get; init; }

    /// <summary>What it is about, for people: a file, the place of a destination.</summary>
    public required string What { get; init; }

    /// <summary>Since when, as far as is known.</summary>
    public required DateTimeOffset Since { get; init; }

    /// <summary>The likely cause.</summary>
    public required string Cause { get; init; }

    /// <summary>The commands to type, without the lake.</summary>
    public IReadOnlyList<string> Do { get; init; } = [];

    /// <summary>What no other condition of the lake has.</summary>
    [JsonIgnore]
    public string Key => $"{AlertRules.NameOf(Kind)}:{Name}";
}
