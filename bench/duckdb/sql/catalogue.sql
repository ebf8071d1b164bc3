-- Songs and users. Rows count in the order of the file: the first row of a track or user gives its attributes.
SET preserve_insertion_order = true;

CREATE TABLE song AS
SELECT row_number() OVER () AS n, track_id, coalesce(track_name, '') AS name, coalesce(artists, '') AS artists,
    coalesce(popularity::BIGINT, 0) AS popularity, duration_ms::BIGINT AS ms, track_genre
FROM read_csv('$DATA/landing/songs/*.csv', header = true, all_varchar = true);

CREATE TABLE usr AS
SELECT user_id, arg_min(user_country, n) AS user_country
FROM (
    SELECT row_number() OVER () AS n, user_id, coalesce(user_country, 'unknown') AS user_country
    FROM read_csv('$DATA/landing/users/*.csv', header = true, types = {'user_id': 'BIGINT', 'user_country': 'VARCHAR'}))
GROUP BY user_id;

-- From here on no order matters that is not asked for.
SET preserve_insertion_order = false;

CREATE TABLE genre AS
SELECT (row_number() OVER (ORDER BY track_genre) - 1)::INTEGER AS genre, track_genre
FROM (SELECT DISTINCT track_genre FROM song);

-- The genres of a track as a set of bits, in two halves: most questions about genres become bit_or.
CREATE TABLE track AS
SELECT (row_number() OVER () - 1)::INTEGER AS track, *
FROM (
    SELECT track_id, arg_min(name, n) AS name, arg_min(artists, n) AS artists, arg_min(popularity, n) AS popularity,
        arg_min(ms, n) AS ms,
        bit_or(CASE WHEN genre < 64 THEN 1::UBIGINT << genre ELSE 0::UBIGINT END) AS genres0,
        bit_or(CASE WHEN genre >= 64 THEN 1::UBIGINT << (genre - 64) ELSE 0::UBIGINT END) AS genres1
    FROM song JOIN genre USING (track_genre)
    GROUP BY track_id);

-- Few sets of genres occur at all: countries are counted by them, not by track.
CREATE TABLE genre_set AS
SELECT (row_number() OVER () - 1)::INTEGER AS genre_set, genres0, genres1
FROM (SELECT DISTINCT genres0, genres1 FROM track);

CREATE OR REPLACE TABLE track AS FROM track JOIN genre_set USING (genres0, genres1);

CREATE TABLE track_genre AS
SELECT DISTINCT track, genre, track_genre
FROM song JOIN genre USING (track_genre) JOIN track USING (track_id);

CREATE TABLE track_artist AS
SELECT DISTINCT track, artist
FROM (SELECT track, trim(unnest(string_split(artists, ';')), ' ') AS artist FROM track)
WHERE artist <> '';

CREATE VIEW streams AS
SELECT user_id, track_id, listen_time
FROM read_csv('$DATA/landing/streams/*.csv', header = true, auto_detect = false, delim = ',', quote = '"', escape = '"',
    new_line = '\n', columns = {'user_id': 'BIGINT', 'track_id': 'VARCHAR', 'listen_time': 'TIMESTAMP'});
