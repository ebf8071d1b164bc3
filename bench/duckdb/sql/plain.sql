-- As one would write it: nothing is packed, the optimiser decides by itself, sessions by a window over each user's listens.
CREATE TABLE listen AS
SELECT DISTINCT user_id, track, listen_time
FROM streams JOIN track USING (track_id);

CREATE TABLE by_track AS
SELECT date_diff('day', DATE '$FROM', listen_time::DATE) AS day, hour(listen_time) AS hour, track, count(*) AS n
FROM listen
GROUP BY ALL;

CREATE TABLE by_user AS
SELECT user_id, day, bit_or(1::INTEGER << hour(listen_time)) AS hours, bit_or(genres0) AS genres0, bit_or(genres1) AS genres1,
    count(*) AS n, sum(ms) AS ms, sum(begins_session::INTEGER) AS sessions
FROM (
    SELECT user_id, track, listen_time, date_diff('day', DATE '$FROM', listen_time::DATE) AS day,
        coalesce(listen_time - lag(listen_time) OVER (PARTITION BY user_id, listen_time::DATE ORDER BY listen_time)
            >= INTERVAL 30 MINUTES, true) AS begins_session
    FROM listen)
JOIN track USING (track)
GROUP BY ALL;

CREATE TABLE by_country AS
SELECT date_diff('day', DATE '$FROM', listen_time::DATE) AS day, user_country, genre_set, count(*) AS n
FROM listen JOIN track USING (track) JOIN usr USING (user_id)
GROUP BY ALL;
