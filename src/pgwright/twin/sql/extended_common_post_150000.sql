UPDATE pg_statistic_ext_data SET stxdmcv = %(common)s::bytea::pg_mcv_list
WHERE stxoid = %(oid)s AND stxdinherit = %(is_inherited)s
