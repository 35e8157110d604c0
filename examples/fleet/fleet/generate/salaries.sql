-- One row: what a courier earned in one of the last six months.
INSERT INTO salaries (organization_id, courier_id, month, amount)
SELECT organization_id,
       id,
       (date_trunc('month', %(until)s::timestamptz AT TIME ZONE 'UTC') - interval '1 month' * ago)::date,
       1500 + floor(pg_temp.dice(id * 8 + ago, 12) * 900)
FROM couriers, generate_series(1, 6) AS ago
ORDER BY ago DESC, id
