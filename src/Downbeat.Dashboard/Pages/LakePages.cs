using System.Globalization;
using System.Text.Json;
using Downbeat.Dashboard.Api;
using Downbeat.Dashboard.Lakes;
using Downbeat.Engine.Listens;
using Downbeat.Pipeline.Runs;

namespace Downbeat.Dashboard.Pages;

/// <summary>What the pages show, in the form they need it: <c>/view/…</c>. No promise to others, unlike the API.</summary>
sealed class LakePages
{
    readonly LakeFollower follower;
    readonly DayView day;
    readonly GroupsView genres;
    readonly GroupsView countries;
    readonly HoursView hours;
    readonly ArtistsView artists;
    readonly TracksView tracks;
    readonly RecordsView records;

    /// <summary>Reads what is asked for from these.</summary>
    public LakePages(LakeFollower follower, TableCache cache, RunOptions run, TimeProvider clock)
    {
        this.follower = follower;
        var tables = Tables = new PublishedTables(cache);
        var sources = new SourcesByDate(follower);
        day = new(tables, sources);
        genres = new(tables, "genre_daily", "track_genre");
        countries = new(tables, "country_daily", "user_country");
        hours = new(tables);
        artists = new(tables);
        tracks = new(tables);
        records = new(follower, sources, tables, run, clock);
    }

    /// <summary>The tables that pages are made of.</summary>
    public PublishedTables Tables { get; }

    /// <summary>Answers a page.</summary>
    /// <exception cref="Problem">There is no such view, or the request is wrong.</exception>
    public Task SendAsync(HttpContext context, LakeMoment moment)
    {
        var request = context.Request;
        var name = request.RouteValues["name"] as string ?? "";
        var write = Find(name, request, moment);

        // What is published changes with the ledger only. Records of runs and files that wait do without it.
        if (!IsOfRecords(name) && Answer.IsKnown(context, Tag(moment)))
        {
            return Task.CompletedTask;
        }

        if (IsOfRecords(name))
        {
            context.Response.Headers.CacheControl = "no-store";
        }

        return Answer.SendJsonAsync(
            context,
            json =>
            {
                json.WriteStartObject();
                json.WriteNumber("version", moment.Version);
                write(json);
                json.WriteEndObject();
            }
        );
    }

    static bool IsOfRecords(string name) => name is "lake" or "data" or "quarantine" or "rejects" or "runs" or "plan";

    static string Tag(LakeMoment moment) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{moment.File.Id[..12]}-{moment.Version}-{typeof(LakePages).Module.ModuleVersionId:N}"
        );

    Action<Utf8JsonWriter> Find(string name, HttpRequest request, LakeMoment moment)
    {
        switch (name)
        {
            case "lake":
                return json => WriteLake(json, moment);
            case "day":
                var date =
                    request.Query["date"] is [{ } dateText] ? TableRequest.ParseDate(dateText, "date")
                    : moment.Dates.Count > 0 ? moment.Dates[^1].Date
                    : throw Problem.Missing("No date is published yet.");
                return json => day.Write(json, moment, date);
            case "sources":
                var made = TableRequest.ParseDate(Text(request, "date"), "date");
                return json => records.WriteSources(json, made);
            case "quarantine":
                return records.WriteQuarantine;
            case "rejects":
                return json =>
                    records.WriteRejects(
                        json,
                        Text(request, "source"),
                        Text(request, "reason"),
                        Number(request, "skip", int.MaxValue)
                    );
            case "runs":
                return json => records.WriteRuns(json, Number(request, "skip", int.MaxValue));
            case "plan":
                return records.WritePlan;
        }

        var range = DateRange.Parse(request, moment);
        return name switch
        {
            "genres" => json => genres.WriteAll(json, moment, range),
            "genre" => json => genres.WriteSome(json, moment, range, Names(request)),
            "countries" => json => countries.WriteAll(json, moment, range),
            "country" => json => countries.WriteSome(json, moment, range, Names(request)),
            "hours" => json => hours.WriteAll(json, moment, range),
            "hour" => json =>
                hours.WriteOne(json, moment, range, Number(request, "weekday", 6), Number(request, "hour", 23)),
            "artists" => json => artists.WriteAll(json, moment, range, Text(request, "search")),
            "artist" => json => artists.WriteOne(json, moment, range, Text(request, "name")),
            "tracks" => json => tracks.WriteAll(json, moment, range, Text(request, "search")),
            "track" => json => tracks.WriteOne(json, moment, range, Text(request, "id")),
            "data" => json => records.WriteData(json, moment, range),
            _ => throw Problem.Missing("There is no such view."),
        };
    }

    void WriteLake(Utf8JsonWriter json, LakeMoment moment)
    {
        json.WriteString("zone", moment.File.TimeZone);
        json.WriteString("program", Reconciliation.Version);
        json.WriteBoolean("stale", follower.Problem is not null);
        json.WriteNumber("dates", moment.Dates.Count);
        if (moment.Dates.Count > 0)
        {
            json.WriteString("first", ListenDate.Text(moment.Dates[0].Date));
            json.WriteString("last", ListenDate.Text(moment.Dates[^1].Date));
            json.WriteInstant("restatedAt", moment.Dates.Max(date => date.Entry.RestatedAt));
        }

        if (moment.Known.Count > 0)
        {
            json.WriteString("lastKnown", ListenDate.Text(moment.Known[^1].Date));
        }

        json.WriteObjects(
            "held",
            moment.Known.Where(date => date.IsHeld),
            date =>
            {
                json.WriteDate("date", date.Date);
                json.WriteBoolean("shown", date.HasTables);
            }
        );
    }

    static string Text(HttpRequest request, string name) => request.Query[name] is [{ } text] ? text : "";

    static List<string> Names(HttpRequest request) =>
        request.Query["name"].OfType<string>().Distinct(StringComparer.Ordinal).ToList()
            is { Count: >= 1 and <= GroupsView.MostCompared } names
            ? names
            : throw Problem.Wrong($"Name one to {GroupsView.MostCompared}.");

    static int Number(HttpRequest request, string name, int most) =>
        request.Query[name] is not [{ } text] ? 0
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= most ? number
        : throw Problem.Wrong($"{name} is no whole number from 0 to {most}.");
}
