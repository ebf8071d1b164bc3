-- As sorted.sql, but with DISTINCT by hashing. Sessions come from the first and last second of each half hour: within half an hour no
-- gap is 30 minutes long, so only the gaps between one half hour with listens and the next have to be looked at.
SET disabled_optimizers = 'build_side_probe_side';

CREATE TABLE packed AS
SELECT (user_id << ($SECOND_BITS + $TRACK_BITS))
    | ((epoch_ms(listen_time) // 1000 - epoch_ms(TIMESTAMP '$FROM') // 1000) << $TRACK_BITS)
    | track::BIGINT AS k
FROM streams JOIN track USING (track_id);

RESET disabled_optimizers;

CREATE TABLE listen AS
SELECT (k >> ($SECOND_BITS + $TRACK_BITS))::$USER_TYPE AS user_id, (second // 86400)::USMALLINT AS day, second % 86400 AS second,
    (k & ((1::BIGINT << $TRACK_BITS) - 1))::INTEGER AS track
FROM (SELECT k, ((k >> $TRACK_BITS) & $SECOND_MASK)::INTEGER AS second FROM (SELECT DISTINCT k FROM packed));

DROP TABLE packed;

CREATE TABLE by_track AS
SELECT day, second // 3600 AS hour, track, count(*) AS n FROM listen GROUP BY ALL;

CREATE TABLE by_half_hour AS
SELECT user_id, day, second // 1800 AS half_hour, min(second) AS first, max(second) AS last,
    bit_or(genres0) AS genres0, bit_or(genres1) AS genres1, count(*) AS n, sum(ms) AS ms
FROM listen JOIN track USING (track)
GROUP BY ALL;

CREATE TABLE by_user AS
SELECT user_id, day, bit_or(1::INTEGER << (half_hour // 2)) AS hours, bit_or(genres0) AS genres0, bit_or(genres1) AS genres1,
    sum(n) AS n, sum(ms) AS ms, sum(begins_session::INTEGER) AS sessions
FROM (
    SELECT *, coalesce(first - lag(last) OVER (PARTITION BY user_id, day ORDER BY half_hour) >= 1800, true) AS begins_session
    FROM by_half_hour)
GROUP BY ALL;

CREATE TABLE by_country AS
SELECT day, user_country, genre_set, count(*) AS n
FROM listen JOIN track USING (track) JOIN usr USING (user_id)
GROUP BY ALL;
