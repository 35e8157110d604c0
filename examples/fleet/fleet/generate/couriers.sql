-- One row: a courier. Vehicle n + 1 is of the same organization as courier n + 1, who drives it.
INSERT INTO couriers (organization_id, name, phone, status, current_vehicle_id, created_at)
SELECT pg_temp.organization(n),
       pg_temp.name(n),
       '+49 30 ' || lpad((n * 7919 %% 10000000)::text, 7, '0'),
       CASE WHEN pg_temp.dice(n, 4) < 0.8 THEN 'active' WHEN pg_temp.dice(n, 4) < 0.95 THEN 'off_duty' ELSE 'left' END,
       CASE WHEN n < %(vehicles)s AND pg_temp.dice(n, 5) < 0.95 THEN n + 1 END,
       pg_temp.at(n, %(couriers)s)
FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n
