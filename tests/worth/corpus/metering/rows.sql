INSERT INTO site SELECT n, 'Site ' || n, 'zone ' || n % 12 FROM generate_series(1, 200) n;
INSERT INTO meter SELECT n, 1 + n % 200, 'SN' || lpad(n::text, 8, '0') FROM generate_series(1, 4000) n;
-- As they come in: all meters of an hour, then those of the next.
INSERT INTO reading
SELECT 1 + n % 4000, timestamptz '2026-10-01' + n / 4000 * interval '1 hour', n % 977 * 0.25
FROM generate_series(0, 247999) n;
INSERT INTO daily_usage SELECT 1 + n % 4000, date '2026-10-01' + n / 4000, n % 991 FROM generate_series(0, 59999) n;
INSERT INTO alarm (meter_id, raised_at, cleared_at)
SELECT 1 + n * 31 % 4000, timestamptz '2026-09-01' + n * interval '10 minutes',
    CASE WHEN n < 19900 THEN timestamptz '2026-09-02' + n * interval '10 minutes' END
FROM generate_series(1, 20000) n;
