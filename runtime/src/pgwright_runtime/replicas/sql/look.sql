-- The server's part and its position. A primary's flush position is the furthest that a replica can have. It may stop
-- inside a record of a transaction that is still open; then a replica seems to lag until the next commit, or the
-- checkpointer's next note, at most 15 s later.
SELECT pg_is_in_recovery(),
       (CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_flush_lsn() END
        - '0/0'::pg_lsn)::bigint
