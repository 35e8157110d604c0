-- A row is a B-tree and its height. /*relation*/ is pageinspect's bt_metap in its own schema.
SELECT o AS oid, (SELECT m.fastlevel FROM /*relation*/(o::oid::regclass::text) AS m) AS height
FROM unnest(%(oids)s::bigint[]) AS o
