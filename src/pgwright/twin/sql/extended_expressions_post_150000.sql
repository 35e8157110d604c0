-- Gives expressions the statistics that columns of the scratch table were given, by their numbers.
UPDATE pg_statistic_ext_data
SET stxdexpr = (
    SELECT array_agg(s ORDER BY n)
    FROM unnest(%(numbers)s::int2[]) AS n
    LEFT JOIN pg_statistic s ON s.starelid = 'pgwright_scratch.t'::regclass AND s.staattnum = n AND NOT s.stainherit)
WHERE stxoid = %(oid)s AND stxdinherit = %(is_inherited)s
