-- One row per revision that Alembic has applied.
SELECT version_num AS revision FROM ONLY /*relation*/
