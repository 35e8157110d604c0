"""What a check of the workload says where there is none."""

NO_WORKLOAD = "the snapshot holds no statements of pg_stat_statements"
NO_WORKLOAD_REMEDY = "see `pgwright explain extension-missing`; then let the app run for a day"
