-- The best formulation found. A listen is packed into one BIGINT (user, second, track) and sorted. Repeated listens then lie
-- side by side, as do the listens of a session; and as all later passes meet one user's listens together, their
-- hash tables stay in the cache.

-- Without this, DuckDB takes the file for the smaller side, and builds the hash table on all listens: 20 s, not 4.
SET disabled_optimizers = 'build_side_probe_side';

CREATE TABLE packed AS
SELECT (user_id << ($SECOND_BITS + $TRACK_BITS))
    | ((epoch_ms(listen_time) // 1000 - epoch_ms(TIMESTAMP '$FROM') // 1000) << $TRACK_BITS)
    | track::BIGINT AS k
FROM streams JOIN track USING (track_id);

RESET disabled_optimizers;

CREATE TABLE listen AS
SELECT (k >> ($SECOND_BITS + $TRACK_BITS))::$USER_TYPE AS user_id, (second // 86400)::USMALLINT AS day,
    (second % 86400 // 3600)::UTINYINT AS hour, (k & ((1::BIGINT << $TRACK_BITS) - 1))::INTEGER AS track,
    first_of_user OR started - started_before >= 1800 OR second // 86400 <> (started_before & $SECOND_MASK)::INTEGER // 86400
        AS begins_session
FROM (
    SELECT k, k >> $TRACK_BITS AS started, before >> $TRACK_BITS AS started_before, before IS NULL AS first_of_user,
        ((k >> $TRACK_BITS) & $SECOND_MASK)::INTEGER AS second
    FROM (SELECT k, lag(k) OVER (ORDER BY k) AS before FROM packed)
    WHERE before IS NULL OR k <> before);

DROP TABLE packed;

-- Groups are numbered by their values where these are small, instead of hashed.
SET perfect_ht_threshold = 25;

CREATE TABLE by_track AS
SELECT day, hour, track, count(*) AS n FROM listen GROUP BY ALL;

RESET perfect_ht_threshold;

CREATE TABLE by_user AS
SELECT user_id, day, bit_or(1::INTEGER << hour) AS hours, bit_or(genres0) AS genres0, bit_or(genres1) AS genres1,
    count(*) AS n, sum(ms) AS ms, sum(begins_session::INTEGER) AS sessions
FROM listen JOIN track USING (track)
GROUP BY ALL;

CREATE TABLE by_country AS
SELECT day, user_country, genre_set, count(*) AS n
FROM listen JOIN track USING (track) JOIN usr USING (user_id)
GROUP BY ALL;
