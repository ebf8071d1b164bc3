-- The embedded warehouse, <lake>/warehouse.db: what Downbeat executes when it makes or opens it. docs/kpis.md defines every column.
-- Dates are texts like 2024-06-25; quotients are doubles.

CREATE TABLE IF NOT EXISTS downbeat_lake (
    only_row INTEGER NOT NULL PRIMARY KEY CHECK (only_row = 1),
    lake_id TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS downbeat_published (
    date TEXT NOT NULL PRIMARY KEY,
    ledger_version INTEGER NOT NULL,
    fingerprint TEXT NOT NULL,
    published_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS genre_daily (
    date TEXT NOT NULL,
    track_genre TEXT NOT NULL,
    listen_count INTEGER NOT NULL,
    unique_listeners INTEGER NOT NULL,
    total_listening_time_ms INTEGER NOT NULL,
    avg_listening_time_per_user_sec REAL NOT NULL,
    avg_track_duration_sec REAL NOT NULL,
    avg_listen_duration_sec REAL NOT NULL,
    popularity_index REAL NOT NULL,
    listen_share REAL NOT NULL,
    most_popular_track TEXT NOT NULL,
    top_songs TEXT NOT NULL,
    PRIMARY KEY (date, track_genre)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS hourly (
    date TEXT NOT NULL,
    hour INTEGER NOT NULL,
    listen_count INTEGER NOT NULL,
    unique_listeners INTEGER NOT NULL,
    unique_tracks INTEGER NOT NULL,
    track_diversity_index REAL NOT NULL,
    top_artists TEXT NOT NULL,
    PRIMARY KEY (date, hour)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS daily (
    date TEXT NOT NULL,
    listen_count INTEGER NOT NULL,
    unique_listeners INTEGER NOT NULL,
    unique_tracks INTEGER NOT NULL,
    total_listening_time_ms INTEGER NOT NULL,
    track_diversity_index REAL NOT NULL,
    sessions INTEGER NOT NULL,
    top_genres TEXT NOT NULL,
    top_artists TEXT NOT NULL,
    PRIMARY KEY (date)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS country_daily (
    date TEXT NOT NULL,
    user_country TEXT NOT NULL,
    listen_count INTEGER NOT NULL,
    unique_listeners INTEGER NOT NULL,
    total_listening_time_ms INTEGER NOT NULL,
    top_genre TEXT NOT NULL,
    PRIMARY KEY (date, user_country)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS top_tracks (
    date TEXT NOT NULL,
    track_genre TEXT NOT NULL,
    rank INTEGER NOT NULL,
    track_id TEXT NOT NULL,
    track_name TEXT NOT NULL,
    listen_count INTEGER NOT NULL,
    engagement INTEGER NOT NULL,
    PRIMARY KEY (date, track_genre, rank)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS top_genres (
    date TEXT NOT NULL,
    rank INTEGER NOT NULL,
    track_genre TEXT NOT NULL,
    listen_count INTEGER NOT NULL,
    PRIMARY KEY (date, rank)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS top_artists_hourly (
    date TEXT NOT NULL,
    hour INTEGER NOT NULL,
    rank INTEGER NOT NULL,
    artist TEXT NOT NULL,
    listen_count INTEGER NOT NULL,
    PRIMARY KEY (date, hour, rank)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS top_artists_daily (
    date TEXT NOT NULL,
    rank INTEGER NOT NULL,
    artist TEXT NOT NULL,
    listen_count INTEGER NOT NULL,
    PRIMARY KEY (date, rank)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS quality_daily (
    date TEXT NOT NULL,
    "check" TEXT NOT NULL,
    value REAL NOT NULL,
    threshold REAL NOT NULL,
    status TEXT NOT NULL,
    PRIMARY KEY (date, "check")
) WITHOUT ROWID;

-- What a type of KPI does not have is NULL.
CREATE VIEW IF NOT EXISTS music_kpi_metrics AS
SELECT
    track_genre,
    listen_count,
    avg_track_duration_sec,
    popularity_index,
    most_popular_track,
    NULL AS stream_hour,
    unique_listeners,
    NULL AS top_artists,
    NULL AS track_diversity_index,
    'genre' AS kpi_type,
    date
FROM genre_daily
UNION ALL
SELECT
    NULL,
    listen_count,
    NULL,
    NULL,
    NULL,
    hour,
    unique_listeners,
    top_artists,
    track_diversity_index,
    'hourly',
    date
FROM hourly;
