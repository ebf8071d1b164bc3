-- Amazon Redshift: what Downbeat executes when it finds a schema without its tables, in one transaction. docs/kpis.md defines every column.
-- {schema} is the schema's name. To make it by hand, so that the user that loads need not: put the name there, and run it.
-- Rows of a date lie together and sorted by date: a date is loaded, and mostly asked for, whole. Redshift does not enforce
-- keys, but plans by them. VARCHAR counts bytes; 65,535 is as many as it takes.

CREATE SCHEMA IF NOT EXISTS {schema};

CREATE TABLE IF NOT EXISTS {schema}.downbeat_lake (
    only_row INTEGER NOT NULL PRIMARY KEY,
    lake_id VARCHAR(64) NOT NULL
)
DISTSTYLE ALL;

CREATE TABLE IF NOT EXISTS {schema}.downbeat_published (
    date DATE NOT NULL PRIMARY KEY,
    ledger_version BIGINT NOT NULL,
    fingerprint VARCHAR(64) NOT NULL,
    published_at TIMESTAMP NOT NULL DEFAULT SYSDATE
)
DISTSTYLE ALL;

CREATE TABLE IF NOT EXISTS {schema}.genre_daily (
    date DATE NOT NULL,
    track_genre VARCHAR(65535) NOT NULL,
    listen_count BIGINT NOT NULL,
    unique_listeners BIGINT NOT NULL,
    total_listening_time_ms BIGINT NOT NULL,
    avg_listening_time_per_user_sec DOUBLE PRECISION NOT NULL,
    avg_track_duration_sec DOUBLE PRECISION NOT NULL,
    avg_listen_duration_sec DOUBLE PRECISION NOT NULL,
    popularity_index DOUBLE PRECISION NOT NULL,
    listen_share DOUBLE PRECISION NOT NULL,
    most_popular_track VARCHAR(65535) NOT NULL,
    top_songs VARCHAR(65535) NOT NULL,
    PRIMARY KEY (date, track_genre)
)
DISTKEY (date)
SORTKEY (date);

CREATE TABLE IF NOT EXISTS {schema}.hourly (
    date DATE NOT NULL,
    hour BIGINT NOT NULL,
    listen_count BIGINT NOT NULL,
    unique_listeners BIGINT NOT NULL,
    unique_tracks BIGINT NOT NULL,
    track_diversity_index DOUBLE PRECISION NOT NULL,
    top_artists VARCHAR(65535) NOT NULL,
    PRIMARY KEY (date, hour)
)
DISTKEY (date)
SORTKEY (date);

CREATE TABLE IF NOT EXISTS {schema}.daily (
    date DATE NOT NULL,
    listen_count BIGINT NOT NULL,
    unique_listeners BIGINT NOT NULL,
    unique_tracks BIGINT NOT NULL,
    total_listening_time_ms BIGINT NOT NULL,
    track_diversity_index DOUBLE PRECISION NOT NULL,
    sessions BIGINT NOT NULL,
    top_genres VARCHAR(65535) NOT NULL,
    top_artists VARCHAR(65535) NOT NULL,
    PRIMARY KEY (date)
)
DISTKEY (date)
SORTKEY (date);

CREATE TABLE IF NOT EXISTS {schema}.country_daily (
    date DATE NOT NULL,
    user_country VARCHAR(65535) NOT NULL,
    listen_count BIGINT NOT NULL,
    unique_listeners BIGINT NOT NULL,
    total_listening_time_ms BIGINT NOT NULL,
    top_genre VARCHAR(65535) NOT NULL,
    PRIMARY KEY (date, user_country)
)
DISTKEY (date)
SORTKEY (date);

CREATE TABLE IF NOT EXISTS {schema}.top_tracks (
    date DATE NOT NULL,
    track_genre VARCHAR(65535) NOT NULL,
    rank BIGINT NOT NULL,
    track_id VARCHAR(64) NOT NULL,
    track_name VARCHAR(65535) NOT NULL,
    listen_count BIGINT NOT NULL,
    engagement BIGINT NOT NULL,
    PRIMARY KEY (date, track_genre, rank)
)
DISTKEY (date)
SORTKEY (date);

CREATE TABLE IF NOT EXISTS {schema}.top_genres (
    date DATE NOT NULL,
    rank BIGINT NOT NULL,
    track_genre VARCHAR(65535) NOT NULL,
    listen_count BIGINT NOT NULL,
    PRIMARY KEY (date, rank)
)
DISTKEY (date)
SORTKEY (date);

CREATE TABLE IF NOT EXISTS {schema}.top_artists_hourly (
    date DATE NOT NULL,
    hour BIGINT NOT NULL,
    rank BIGINT NOT NULL,
    artist VARCHAR(65535) NOT NULL,
    listen_count BIGINT NOT NULL,
    PRIMARY KEY (date, hour, rank)
)
DISTKEY (date)
SORTKEY (date);

CREATE TABLE IF NOT EXISTS {schema}.top_artists_daily (
    date DATE NOT NULL,
    rank BIGINT NOT NULL,
    artist VARCHAR(65535) NOT NULL,
    listen_count BIGINT NOT NULL,
    PRIMARY KEY (date, rank)
)
DISTKEY (date)
SORTKEY (date);

CREATE TABLE IF NOT EXISTS {schema}.quality_daily (
    date DATE NOT NULL,
    "check" VARCHAR(65535) NOT NULL,
    value DOUBLE PRECISION NOT NULL,
    threshold DOUBLE PRECISION NOT NULL,
    status VARCHAR(65535) NOT NULL,
    PRIMARY KEY (date, "check")
)
DISTKEY (date)
SORTKEY (date);

-- What a type of KPI does not have is NULL.
CREATE OR REPLACE VIEW {schema}.music_kpi_metrics AS
SELECT
    track_genre,
    listen_count,
    avg_track_duration_sec,
    popularity_index,
    most_popular_track,
    CAST(NULL AS BIGINT) AS stream_hour,
    unique_listeners,
    CAST(NULL AS VARCHAR(65535)) AS top_artists,
    CAST(NULL AS DOUBLE PRECISION) AS track_diversity_index,
    CAST('genre' AS VARCHAR(8)) AS kpi_type,
    date
FROM {schema}.genre_daily
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
    CAST('hourly' AS VARCHAR(8)),
    date
FROM {schema}.hourly;

COMMENT ON TABLE {schema}.downbeat_lake IS 'Which lake publishes here.';
COMMENT ON COLUMN {schema}.downbeat_lake.lake_id IS 'The id in the lake.json of the lake.';

COMMENT ON TABLE {schema}.downbeat_published IS 'Which dates are held here, each whole. Written in the same transaction as the rows of the date.';
COMMENT ON COLUMN {schema}.downbeat_published.date IS 'A calendar date of the time zone of the lake.';
COMMENT ON COLUMN {schema}.downbeat_published.ledger_version IS 'The version of the ledger of the lake that computed the date: of two, the higher one is right.';
COMMENT ON COLUMN {schema}.downbeat_published.fingerprint IS 'Of all tables of the date; empty for a date that was left without listens.';
COMMENT ON COLUMN {schema}.downbeat_published.published_at IS 'When it was published last.';

COMMENT ON TABLE {schema}.genre_daily IS 'Listening by date and genre. A track may have several genres and counts in each of them.';
COMMENT ON COLUMN {schema}.genre_daily.date IS 'A calendar date of the time zone of the lake.';
COMMENT ON COLUMN {schema}.genre_daily.track_genre IS 'The genre.';
COMMENT ON COLUMN {schema}.genre_daily.listen_count IS 'Listens: distinct by user, track and second.';
COMMENT ON COLUMN {schema}.genre_daily.unique_listeners IS 'Distinct users.';
COMMENT ON COLUMN {schema}.genre_daily.total_listening_time_ms IS 'Sum of the durations of the tracks listened to, in milliseconds: every listen is taken as played to its end.';
COMMENT ON COLUMN {schema}.genre_daily.avg_listening_time_per_user_sec IS 'total_listening_time_ms / 1000 / unique_listeners.';
COMMENT ON COLUMN {schema}.genre_daily.avg_track_duration_sec IS 'Mean duration of the distinct tracks listened to, in seconds.';
COMMENT ON COLUMN {schema}.genre_daily.avg_listen_duration_sec IS 'total_listening_time_ms / 1000 / listen_count.';
COMMENT ON COLUMN {schema}.genre_daily.popularity_index IS 'Sum over the listens of engagement x popularity / 100.';
COMMENT ON COLUMN {schema}.genre_daily.listen_share IS 'listen_count / all listens of the date.';
COMMENT ON COLUMN {schema}.genre_daily.most_popular_track IS 'Name of the track with the highest summed engagement.';
COMMENT ON COLUMN {schema}.genre_daily.top_songs IS 'Names of the most listened tracks, joined by a comma and a space; top_tracks has them as rows.';

COMMENT ON TABLE {schema}.hourly IS 'Listening by date and hour. Hours without listens have no row.';
COMMENT ON COLUMN {schema}.hourly.date IS 'A calendar date of the time zone of the lake.';
COMMENT ON COLUMN {schema}.hourly.hour IS '0 to 23, on the clocks of the time zone of the lake.';
COMMENT ON COLUMN {schema}.hourly.listen_count IS 'Listens: distinct by user, track and second.';
COMMENT ON COLUMN {schema}.hourly.unique_listeners IS 'Distinct users.';
COMMENT ON COLUMN {schema}.hourly.unique_tracks IS 'Distinct tracks.';
COMMENT ON COLUMN {schema}.hourly.track_diversity_index IS 'unique_tracks / listen_count.';
COMMENT ON COLUMN {schema}.hourly.top_artists IS 'Names of the most listened artists, joined by a comma and a space; top_artists_hourly and top_artists_daily have them as rows.';

COMMENT ON TABLE {schema}.daily IS 'Listening by date.';
COMMENT ON COLUMN {schema}.daily.date IS 'A calendar date of the time zone of the lake.';
COMMENT ON COLUMN {schema}.daily.listen_count IS 'Listens: distinct by user, track and second.';
COMMENT ON COLUMN {schema}.daily.unique_listeners IS 'Distinct users.';
COMMENT ON COLUMN {schema}.daily.unique_tracks IS 'Distinct tracks.';
COMMENT ON COLUMN {schema}.daily.total_listening_time_ms IS 'Sum of the durations of the tracks listened to, in milliseconds: every listen is taken as played to its end.';
COMMENT ON COLUMN {schema}.daily.track_diversity_index IS 'unique_tracks / listen_count.';
COMMENT ON COLUMN {schema}.daily.sessions IS 'Runs of listens of one user within the date with no gap of 30 minutes or more between starts.';
COMMENT ON COLUMN {schema}.daily.top_genres IS 'Names of the most listened genres, joined by a comma and a space; the table top_genres has them as rows.';
COMMENT ON COLUMN {schema}.daily.top_artists IS 'Names of the most listened artists, joined by a comma and a space; top_artists_hourly and top_artists_daily have them as rows.';

COMMENT ON TABLE {schema}.country_daily IS 'Listening by date and country of the user.';
COMMENT ON COLUMN {schema}.country_daily.date IS 'A calendar date of the time zone of the lake.';
COMMENT ON COLUMN {schema}.country_daily.user_country IS 'The country of the user; unknown where the users do not tell.';
COMMENT ON COLUMN {schema}.country_daily.listen_count IS 'Listens: distinct by user, track and second.';
COMMENT ON COLUMN {schema}.country_daily.unique_listeners IS 'Distinct users.';
COMMENT ON COLUMN {schema}.country_daily.total_listening_time_ms IS 'Sum of the durations of the tracks listened to, in milliseconds: every listen is taken as played to its end.';
COMMENT ON COLUMN {schema}.country_daily.top_genre IS 'The most listened genre.';

COMMENT ON TABLE {schema}.top_tracks IS 'The most listened tracks of a date and genre, a row each.';
COMMENT ON COLUMN {schema}.top_tracks.date IS 'A calendar date of the time zone of the lake.';
COMMENT ON COLUMN {schema}.top_tracks.track_genre IS 'The genre.';
COMMENT ON COLUMN {schema}.top_tracks.rank IS 'From 1, by listens; of equal ones by name, then by id.';
COMMENT ON COLUMN {schema}.top_tracks.track_id IS 'The id of the track.';
COMMENT ON COLUMN {schema}.top_tracks.track_name IS 'The name of the track.';
COMMENT ON COLUMN {schema}.top_tracks.listen_count IS 'Listens: distinct by user, track and second.';
COMMENT ON COLUMN {schema}.top_tracks.engagement IS 'Sum over the listens of 1, plus a weight if liked, plus a weight if shared.';

COMMENT ON TABLE {schema}.top_genres IS 'The most listened genres of a date, a row each.';
COMMENT ON COLUMN {schema}.top_genres.date IS 'A calendar date of the time zone of the lake.';
COMMENT ON COLUMN {schema}.top_genres.rank IS 'From 1, by listens; of equal ones by name, then by id.';
COMMENT ON COLUMN {schema}.top_genres.track_genre IS 'The genre.';
COMMENT ON COLUMN {schema}.top_genres.listen_count IS 'Listens: distinct by user, track and second.';

COMMENT ON TABLE {schema}.top_artists_hourly IS 'The most listened artists of a date and hour, a row each.';
COMMENT ON COLUMN {schema}.top_artists_hourly.date IS 'A calendar date of the time zone of the lake.';
COMMENT ON COLUMN {schema}.top_artists_hourly.hour IS '0 to 23, on the clocks of the time zone of the lake.';
COMMENT ON COLUMN {schema}.top_artists_hourly.rank IS 'From 1, by listens; of equal ones by name, then by id.';
COMMENT ON COLUMN {schema}.top_artists_hourly.artist IS 'The artist.';
COMMENT ON COLUMN {schema}.top_artists_hourly.listen_count IS 'Listens: distinct by user, track and second.';

COMMENT ON TABLE {schema}.top_artists_daily IS 'The most listened artists of a date, a row each.';
COMMENT ON COLUMN {schema}.top_artists_daily.date IS 'A calendar date of the time zone of the lake.';
COMMENT ON COLUMN {schema}.top_artists_daily.rank IS 'From 1, by listens; of equal ones by name, then by id.';
COMMENT ON COLUMN {schema}.top_artists_daily.artist IS 'The artist.';
COMMENT ON COLUMN {schema}.top_artists_daily.listen_count IS 'Listens: distinct by user, track and second.';

COMMENT ON TABLE {schema}.quality_daily IS 'What the checks of quality say of a date, a row each. It tells how the date was delivered, not what was listened to.';
COMMENT ON COLUMN {schema}.quality_daily.date IS 'A calendar date of the time zone of the lake.';
COMMENT ON COLUMN {schema}.quality_daily."check" IS 'The name of the check.';
COMMENT ON COLUMN {schema}.quality_daily.value IS 'What it measured: a share, or hours.';
COMMENT ON COLUMN {schema}.quality_daily.threshold IS 'The threshold that the value is above, or the lowest when it is above none.';
COMMENT ON COLUMN {schema}.quality_daily.status IS 'ok, warn or fail. A date that fails is held back until it is mended or approved: the other tables then hold what was published of it before.';

COMMENT ON VIEW {schema}.music_kpi_metrics IS 'genre_daily and hourly in one list. What a type of KPI does not have is NULL.';
