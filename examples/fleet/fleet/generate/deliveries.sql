-- One row: a delivery, in order of time. The newest half percent is under way; nearly all the others were delivered.
INSERT INTO deliveries
    (organization_id, courier_id, status, price, cash_on_delivery, address, created_at, delivered_at)
SELECT pg_temp.organization(courier),
       CASE WHEN status <> 'pending' THEN courier + 1 END,
       status,
       3 + floor(pg_temp.dice(n, 3) * 4000) / 100,
       pg_temp.dice(n, 4) < 0.35,
       pg_temp.pick('{Harbour Street,Mill Lane,Station Road,Old Market,Garden Row,Canal Side,North Gate}', n, 5)
           || ' ' || 1 + floor(pg_temp.dice(n, 6) * 180)::int,
       created_at,
       CASE WHEN status IN ('delivered', 'returned')
           THEN created_at + interval '20 minutes' + interval '100 minutes' * pg_temp.dice(n, 8) END
FROM (
    SELECT n,
           pg_temp.at(n, %(deliveries)s) AS created_at,
           floor(pg_temp.dice(n, 2) * %(couriers)s)::bigint AS courier,
           CASE
               WHEN n >= %(deliveries)s * 0.998 THEN 'pending'
               WHEN n >= %(deliveries)s * 0.995 THEN 'in_transit'
               WHEN pg_temp.dice(n, 9) < 0.05 THEN 'cancelled'
               WHEN pg_temp.dice(n, 9) < 0.07 THEN 'returned'
               ELSE 'delivered'
           END AS status
    FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n
    OFFSET 0
) AS draw
