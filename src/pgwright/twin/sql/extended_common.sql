UPDATE pg_statistic_ext_data SET stxdmcv = %s::bytea::pg_mcv_list WHERE stxoid = %s AND stxdinherit = %s
