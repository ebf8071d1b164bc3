using System.Globalization;
using Amazon.DynamoDBv2.Model;

namespace Downbeat.Connectors.DynamoDb;

/// <summary>Someone who said to be writing a date, as it stands in the set <c>writers</c> of the date's entry.</summary>
/// <param name="Version">What is being written.</param>
/// <param name="Nonce">Tells this writer from any other.</param>
/// <param name="Since">When it last said so.</param>
sealed record Writer(ItemVersion Version, string Nonce, DateTimeOffset Since)
{
    /// <summary>Who has not said so again for this long is taken for dead.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(15);

    /// <summary>Who writes for longer than that says so again.</summary>
    public static readonly TimeSpan Renewal = TimeSpan.FromMinutes(5);

    /// <summary>As it is kept.</summary>
    public string Text =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{Version.Owner}:{Version.Number}:{Nonce}:{Since.ToUnixTimeSeconds()}"
        );

    /// <summary>The writers of a date's entry.</summary>
    public static IEnumerable<Writer> Of(Dictionary<string, AttributeValue> entry) =>
        (entry.GetValueOrDefault("writers")?.SS ?? []).Select(text =>
        {
            var parts = text.Split(':');
            return new Writer(
                new(
                    long.Parse(parts[0], CultureInfo.InvariantCulture),
                    long.Parse(parts[1], CultureInfo.InvariantCulture)
                ),
                parts[2],
                DateTimeOffset.FromUnixTimeSeconds(long.Parse(parts[3], CultureInfo.InvariantCulture))
            );
        });

    /// <summary>Whether it may still be at work.</summary>
    public bool IsAlive(DateTimeOffset now) => now - Since < Patience;
}
