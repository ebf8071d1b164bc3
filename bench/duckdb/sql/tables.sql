-- From by_track, by_user and by_country to the eight tables of docs/kpis.md, written as one CSV each. Without liked and
-- shared every listen weighs 1: engagement is the number of listens.
CREATE TABLE day AS
SELECT day, (DATE '$FROM' + day::INTEGER)::DATE AS date, sum(n) AS n FROM by_track GROUP BY day;

CREATE TABLE track_daily AS
SELECT day, track, sum(n)::BIGINT AS n FROM by_track GROUP BY day, track;

CREATE TABLE day_users AS
SELECT day, count(*) AS users, sum(sessions)::BIGINT AS sessions FROM by_user GROUP BY day;

-- Users by bit: genres from 0, hours from 128. Users are grouped by one byte of their bits after the other, for that is
-- far cheaper than a sum for each bit or a join with the bits.
CREATE TABLE bit_users AS
SELECT day, bit, sum(n)::BIGINT AS users
FROM ($USERS_BY_BYTE), LATERAL (SELECT first_bit + i AS bit, (byte >> i) & 1 AS is_set FROM range(8) r(i))
WHERE is_set = 1
GROUP BY day, bit;

CREATE TABLE genre_users AS SELECT day, bit::INTEGER AS genre, users FROM bit_users WHERE bit < 128;

CREATE TABLE hour_users AS SELECT day, (bit - 128)::INTEGER AS hour, users FROM bit_users WHERE bit >= 128;

CREATE TABLE genre_totals AS
SELECT day, genre, track_genre, sum(n)::BIGINT AS n, sum(n * ms)::BIGINT AS ms, sum(ms)::BIGINT AS track_ms,
    count(*) AS tracks, sum(n * popularity)::BIGINT AS popularity
FROM track_daily JOIN track USING (track) JOIN track_genre USING (track)
GROUP BY ALL;

CREATE TABLE top_tracks AS
SELECT day, track_genre, rank, track_id, name, n
FROM (
    SELECT day, track_genre, track_id, name, n,
        row_number() OVER (PARTITION BY day, track_genre ORDER BY n DESC, name, track_id) AS rank
    FROM track_daily JOIN track USING (track) JOIN track_genre USING (track))
WHERE rank <= 3;

CREATE TABLE top_genres AS
SELECT day, rank, track_genre, n
FROM (SELECT *, row_number() OVER (PARTITION BY day ORDER BY n DESC, track_genre) AS rank FROM genre_totals)
WHERE rank <= 5;

CREATE TABLE top_artists_hourly AS
SELECT day, hour, rank, artist, n
FROM (
    SELECT *, row_number() OVER (PARTITION BY day, hour ORDER BY n DESC, artist) AS rank
    FROM (SELECT day, hour, artist, sum(n)::BIGINT AS n FROM by_track JOIN track_artist USING (track) GROUP BY ALL))
WHERE rank <= 5;

CREATE TABLE top_artists_daily AS
SELECT day, rank, artist, n
FROM (
    SELECT *, row_number() OVER (PARTITION BY day ORDER BY n DESC, artist) AS rank
    FROM (SELECT day, artist, sum(n)::BIGINT AS n FROM track_daily JOIN track_artist USING (track) GROUP BY ALL))
WHERE rank <= 5;

COPY (
    SELECT date, track_genre, g.n AS listen_count, users AS unique_listeners,
        g.ms AS total_listening_time_ms, g.ms / (1000 * users) AS avg_listening_time_per_user_sec,
        track_ms / (1000 * tracks) AS avg_track_duration_sec, g.ms / (1000 * g.n) AS avg_listen_duration_sec,
        popularity / 100 AS popularity_index, g.n / day.n AS listen_share, names[1] AS most_popular_track,
        array_to_string(names, ', ') AS top_songs
    FROM genre_totals g JOIN day USING (day) JOIN genre_users USING (day, genre)
        JOIN (SELECT day, track_genre, list(name ORDER BY rank) AS names FROM top_tracks GROUP BY ALL) USING (day, track_genre)
    ORDER BY date, track_genre)
TO '$OUT/genre_daily.csv' (HEADER);

COPY (
    SELECT date, hour, sum(h.n)::BIGINT AS listen_count, any_value(users) AS unique_listeners,
        count(*) AS unique_tracks, count(*) / sum(h.n) AS track_diversity_index, coalesce(any_value(artists), '') AS top_artists
    FROM by_track h JOIN day USING (day) JOIN hour_users USING (day, hour)
        LEFT JOIN (SELECT day, hour, string_agg(artist, ', ' ORDER BY rank) AS artists FROM top_artists_hourly GROUP BY ALL)
            USING (day, hour)
    GROUP BY date, hour
    ORDER BY date, hour)
TO '$OUT/hourly.csv' (HEADER);

COPY (
    SELECT date, day.n AS listen_count, users AS unique_listeners, tracks AS unique_tracks, ms AS total_listening_time_ms,
        tracks / day.n AS track_diversity_index, sessions, genres AS top_genres, artists AS top_artists
    FROM day JOIN day_users USING (day)
        JOIN (SELECT day, count(*) AS tracks, sum(n * ms)::BIGINT AS ms FROM track_daily JOIN track USING (track) GROUP BY day)
            USING (day)
        JOIN (SELECT day, string_agg(track_genre, ', ' ORDER BY rank) AS genres FROM top_genres GROUP BY day) USING (day)
        JOIN (SELECT day, string_agg(artist, ', ' ORDER BY rank) AS artists FROM top_artists_daily GROUP BY day) USING (day)
    ORDER BY date)
TO '$OUT/daily.csv' (HEADER);

COPY (
    SELECT date, user_country, c.n AS listen_count, users AS unique_listeners, c.ms AS total_listening_time_ms,
        track_genre AS top_genre
    FROM (
        SELECT day, user_country, count(*) AS users, sum(n)::BIGINT AS n, sum(ms)::BIGINT AS ms
        FROM by_user JOIN usr USING (user_id)
        GROUP BY ALL) c
    JOIN day USING (day)
    JOIN (
        SELECT day, user_country, track_genre,
            row_number() OVER (PARTITION BY day, user_country ORDER BY n DESC, track_genre) AS rank
        FROM (
            SELECT day, user_country, track_genre, sum(n) AS n
            FROM by_country
            JOIN (SELECT DISTINCT genre_set, track_genre FROM track JOIN track_genre USING (track)) USING (genre_set)
            GROUP BY ALL)) USING (day, user_country)
    WHERE rank = 1
    ORDER BY date, user_country)
TO '$OUT/country_daily.csv' (HEADER);

COPY (
    SELECT date, track_genre, rank, track_id, name AS track_name, t.n AS listen_count, t.n AS engagement
    FROM top_tracks t JOIN day USING (day)
    ORDER BY date, track_genre, rank)
TO '$OUT/top_tracks.csv' (HEADER);

COPY (SELECT date, rank, track_genre, t.n AS listen_count FROM top_genres t JOIN day USING (day) ORDER BY date, rank)
TO '$OUT/top_genres.csv' (HEADER);

COPY (
    SELECT date, hour, rank, artist, t.n AS listen_count
    FROM top_artists_hourly t JOIN day USING (day)
    ORDER BY date, hour, rank)
TO '$OUT/top_artists_hourly.csv' (HEADER);

COPY (SELECT date, rank, artist, t.n AS listen_count FROM top_artists_daily t JOIN day USING (day) ORDER BY date, rank)
TO '$OUT/top_artists_daily.csv' (HEADER);
