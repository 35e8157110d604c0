-- One row per materialized view of which the app's runtime keeps when it was refreshed.
SELECT
    view_name,
    CASE WHEN isfinite(refreshed_at) THEN extract(epoch FROM clock_timestamp() - refreshed_at)::float8 END
        AS refreshed_seconds,
    CASE WHEN isfinite(data_at) THEN extract(epoch FROM clock_timestamp() - data_at)::float8 END AS data_seconds,
    extract(epoch FROM max_age)::float8 AS max_age_seconds
FROM ONLY /*relation*/
