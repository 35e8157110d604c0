-- from PostgreSQL 15
-- NULLS NOT DISTINCT beside the same keys without, INCLUDE, partial and unique indexes of many shapes.
CREATE TABLE label (id int PRIMARY KEY, project_id int, name text NOT NULL, color text, deleted_at timestamptz);
CREATE UNIQUE INDEX uq_label ON label (project_id, name) NULLS NOT DISTINCT;
CREATE UNIQUE INDEX uq_label_distinct ON label (project_id, name);
CREATE INDEX ix_label_plain ON label (project_id, name);
CREATE UNIQUE INDEX uq_label_with ON label (project_id, name) INCLUDE (color);
CREATE UNIQUE INDEX uq_label_living ON label (name) WHERE project_id IS NULL AND deleted_at IS NULL;
CREATE INDEX ix_label_color ON label (color) INCLUDE (name);
CREATE INDEX ix_label_color_only ON label (color);
INSERT INTO label SELECT n, nullif(n % 50, 0), 'l' || n, 'c' || n % 9, CASE WHEN n % 5 = 0 THEN now() - n * interval '1 minute' END FROM generate_series(1, 5000) n;
-- workload
INSERT INTO label VALUES (99999, NULL, 'l50') ON CONFLICT (project_id, name) DO NOTHING;
INSERT INTO label VALUES (99998, NULL, 'l51') ON CONFLICT (name) WHERE project_id IS NULL AND deleted_at IS NULL DO NOTHING;
SELECT name FROM label WHERE color = 'c3';
SELECT color FROM label WHERE project_id = 7 AND name = 'l7';
SELECT * FROM label WHERE project_id = 7 AND deleted_at IS NULL;
