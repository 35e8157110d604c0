-- What CLUSTER uses, invalid indexes beside whole ones, leftovers of REINDEX, sequences that nobody owns.
CREATE SEQUENCE job_numbers;
CREATE TABLE job (id int PRIMARY KEY DEFAULT nextval('job_numbers'), status text NOT NULL, run_at timestamptz NOT NULL, queue text);
INSERT INTO job SELECT nextval('job_numbers'), CASE WHEN n % 50 = 0 THEN 'new' ELSE 'done' END, now() - n * interval '1 minute', 'q' || n % 5 FROM generate_series(1, 6000) n;
CREATE INDEX ix_job_run_at ON job (run_at);
CREATE INDEX ix_job_run_at_again ON job (run_at);
CREATE INDEX ix_job_status ON job (status);
CREATE INDEX ix_job_status_2 ON job (status);
CREATE INDEX ix_job_queue ON job (queue);
CREATE INDEX ix_job_queue_ccnew ON job (queue);
CREATE UNIQUE INDEX uq_job_ccnew ON job (run_at, id);
ALTER TABLE job CLUSTER ON ix_job_run_at_again;
UPDATE pg_index SET indisvalid = false WHERE indexrelid IN ('ix_job_status_2'::regclass, 'ix_job_queue_ccnew'::regclass, 'uq_job_ccnew'::regclass);
CREATE TABLE step (id int PRIMARY KEY, job_id int REFERENCES job ON DELETE CASCADE, note text);
INSERT INTO step SELECT n, 1 + n % 6000, 's' FROM generate_series(1, 9000) n;
CREATE INDEX ix_step_job ON step (job_id) WHERE job_id IS NOT NULL;
CREATE INDEX ix_step_note ON step (note, job_id);
-- workload
CLUSTER job;
SELECT * FROM job WHERE status = 'new' ORDER BY run_at LIMIT 5;
SELECT * FROM job WHERE queue = 'q1' LIMIT 5;
DELETE FROM job WHERE id = 4;
INSERT INTO job (status, run_at) VALUES ('new', now());
SELECT * FROM step WHERE job_id = 9;
