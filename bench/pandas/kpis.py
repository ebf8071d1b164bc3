"""Computes the eight tables of docs/kpis.md with pandas, as such pipelines are usually written: kpis.py DATA OUT

DATA holds landing/songs, landing/users and landing/streams; OUT gets <table>.csv. The input is taken to be clean.
"""

import sys
from pathlib import Path

import pandas as pd

SESSION_GAP = pd.Timedelta(minutes=30)


def read(folder: Path, columns: dict[str, str], **options) -> pd.DataFrame:
    files = sorted(folder.glob("*.csv"))
    return pd.concat(
        (pd.read_csv(file, usecols=list(columns), dtype=columns, keep_default_na=False, **options) for file in files),
        ignore_index=True,
    )


def top(counts: pd.DataFrame, by: list[str], names: list[str], count: int) -> pd.DataFrame:
    """The first rows of each group by listens, then by names, with their rank."""
    order = counts.sort_values(by + ["listen_count"] + names, ascending=[True] * len(by) + [False] + [True] * len(names))
    first = order.groupby(by, sort=False).head(count).copy()
    first["rank"] = first.groupby(by, sort=False).cumcount() + 1
    return first


def joined(ranked: pd.DataFrame, by: list[str], name: str) -> pd.Series:
    return ranked.groupby(by)[name].agg(", ".join)


def main(data: Path, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)

    songs = read(
        data / "landing" / "songs",
        {"track_id": "str", "artists": "str", "track_name": "str", "popularity": "int64", "duration_ms": "int64", "track_genre": "str"},
    )
    tracks = songs.drop_duplicates("track_id").drop(columns="track_genre")
    track_genres = songs[["track_id", "track_genre"]].drop_duplicates()
    track_artists = tracks[["track_id"]].assign(artist=tracks["artists"].str.split(";")).explode("artist")
    track_artists["artist"] = track_artists["artist"].str.strip(" ")
    track_artists = track_artists[track_artists["artist"] != ""].drop_duplicates()
    users = read(data / "landing" / "users", {"user_id": "int64", "user_country": "str"}).drop_duplicates("user_id")

    listens = read(
        data / "landing" / "streams",
        {"user_id": "int64", "track_id": "str", "listen_time": "str"},
        parse_dates=["listen_time"],
    )
    listens = listens.drop_duplicates()
    listens["date"] = listens["listen_time"].dt.normalize()
    listens["hour"] = listens["listen_time"].dt.hour
    played = tracks[["track_id", "track_name", "popularity", "duration_ms"]]
    listens = listens.merge(played, on="track_id", how="left").merge(users, on="user_id", how="left")
    listens["user_country"] = listens["user_country"].fillna("unknown").replace("", "unknown")

    day = listens.groupby("date").agg(
        listen_count=("user_id", "size"),
        unique_listeners=("user_id", "nunique"),
        unique_tracks=("track_id", "nunique"),
        total_listening_time_ms=("duration_ms", "sum"),
    )

    by_genre = listens.merge(track_genres, on="track_id")
    genre = by_genre.groupby(["date", "track_genre"]).agg(
        listen_count=("user_id", "size"),
        unique_listeners=("user_id", "nunique"),
        total_listening_time_ms=("duration_ms", "sum"),
        popularity=("popularity", "sum"),
    )
    genre_tracks = (
        by_genre.groupby(["date", "track_genre", "track_id", "track_name", "duration_ms"]).size().reset_index(name="listen_count")
    )
    distinct_tracks = genre_tracks.groupby(["date", "track_genre"]).agg(ms=("duration_ms", "sum"), tracks=("track_id", "size"))
    top_tracks = top(genre_tracks, ["date", "track_genre"], ["track_name", "track_id"], 3)

    genre["avg_listening_time_per_user_sec"] = genre["total_listening_time_ms"] / (1000 * genre["unique_listeners"])
    genre["avg_track_duration_sec"] = distinct_tracks["ms"] / (1000 * distinct_tracks["tracks"])
    genre["avg_listen_duration_sec"] = genre["total_listening_time_ms"] / (1000 * genre["listen_count"])
    genre["popularity_index"] = genre["popularity"] / 100
    genre["listen_share"] = genre["listen_count"] / day["listen_count"].reindex(genre.index, level="date")
    genre["most_popular_track"] = top_tracks[top_tracks["rank"] == 1].set_index(["date", "track_genre"])["track_name"]
    genre["top_songs"] = joined(top_tracks, ["date", "track_genre"], "track_name")
    genre.drop(columns="popularity").reset_index().to_csv(out / "genre_daily.csv", index=False)

    top_tracks["engagement"] = top_tracks["listen_count"]
    top_tracks[["date", "track_genre", "rank", "track_id", "track_name", "listen_count", "engagement"]].to_csv(
        out / "top_tracks.csv", index=False
    )

    top_genres = top(genre["listen_count"].reset_index(), ["date"], ["track_genre"], 5)
    top_genres[["date", "rank", "track_genre", "listen_count"]].to_csv(out / "top_genres.csv", index=False)

    by_artist = listens[["date", "hour", "track_id"]].merge(track_artists, on="track_id")
    artists_hourly = by_artist.groupby(["date", "hour", "artist"]).size().reset_index(name="listen_count")
    artists_daily = by_artist.groupby(["date", "artist"]).size().reset_index(name="listen_count")
    top_hourly = top(artists_hourly, ["date", "hour"], ["artist"], 5)
    top_daily = top(artists_daily, ["date"], ["artist"], 5)
    top_hourly[["date", "hour", "rank", "artist", "listen_count"]].to_csv(out / "top_artists_hourly.csv", index=False)
    top_daily[["date", "rank", "artist", "listen_count"]].to_csv(out / "top_artists_daily.csv", index=False)

    hourly = listens.groupby(["date", "hour"]).agg(
        listen_count=("user_id", "size"), unique_listeners=("user_id", "nunique"), unique_tracks=("track_id", "nunique")
    )
    hourly["track_diversity_index"] = hourly["unique_tracks"] / hourly["listen_count"]
    hourly["top_artists"] = joined(top_hourly, ["date", "hour"], "artist")
    hourly.reset_index().to_csv(out / "hourly.csv", index=False)

    day["track_diversity_index"] = day["unique_tracks"] / day["listen_count"]
    in_order = listens[["user_id", "date", "listen_time"]].sort_values(["user_id", "listen_time"])
    gap = in_order.groupby(["user_id", "date"], sort=False)["listen_time"].diff()
    in_order["begins"] = gap.isna() | (gap >= SESSION_GAP)
    day["sessions"] = in_order.groupby("date")["begins"].sum()
    day["top_genres"] = joined(top_genres, ["date"], "track_genre")
    day["top_artists"] = joined(top_daily, ["date"], "artist")
    day.reset_index().to_csv(out / "daily.csv", index=False)

    country = listens.groupby(["date", "user_country"]).agg(
        listen_count=("user_id", "size"), unique_listeners=("user_id", "nunique"), total_listening_time_ms=("duration_ms", "sum")
    )
    country_genres = by_genre.groupby(["date", "user_country", "track_genre"]).size().reset_index(name="listen_count")
    first = top(country_genres, ["date", "user_country"], ["track_genre"], 1)
    country["top_genre"] = first.set_index(["date", "user_country"])["track_genre"]
    country.reset_index().to_csv(out / "country_daily.csv", index=False)


main(Path(sys.argv[1]), Path(sys.argv[2]))
