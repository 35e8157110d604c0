DELETE FROM pg_statistic s USING jsonb_to_recordset(%s::jsonb) AS r(relation int8, number int2, inherited bool)
WHERE s.starelid = r.relation::oid AND s.staattnum = r.number AND s.stainherit = r.inherited
