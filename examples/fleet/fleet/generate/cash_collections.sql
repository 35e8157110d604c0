-- One row: the cash of a delivery that was paid at the door; handed in after some days, now and then never.
INSERT INTO cash_collections (organization_id, delivery_id, amount, collected_at, settled_at)
SELECT organization_id,
       id,
       price,
       delivered_at,
       CASE WHEN pg_temp.dice(id, 10) > 0.01 AND delivered_at + delay < %(until)s THEN delivered_at + delay END
FROM (
    SELECT *, interval '1 day' + interval '6 days' * pg_temp.dice(id, 11) AS delay
    FROM deliveries
    WHERE cash_on_delivery AND status = 'delivered'
) AS paid
ORDER BY id
