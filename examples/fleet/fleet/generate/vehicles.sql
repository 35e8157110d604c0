-- One row: a vehicle.
INSERT INTO vehicles (organization_id, plate_number, kind)
SELECT pg_temp.organization(n),
       upper(left(md5('plate' || n), 2)) || '-' || 1000 + n,
       pg_temp.pick('{bicycle,scooter,scooter,van,van,car}', n, 4)
FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n
