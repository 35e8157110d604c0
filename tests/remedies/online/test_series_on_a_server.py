"""The series on a real server: what it comes to, at each stage, up and down, and what it refuses."""

from __future__ import annotations

import psycopg
import pytest
from sqlalchemy.exc import DBAPIError

from pgwright_runtime.backfills import BackfillNotDone
from tests.remedies.test_revision_runs import SCHEMA, convert_notes, convert_users
from tests.support.alembic_project import Project
from tests.support.database import Database
from tests.support.online_series import STAGES, Series, comparable

EXTRAS = """
COMMENT ON COLUMN notes.owner_id IS 'who wrote it';
COMMENT ON INDEX ix_notes_parent IS 'for threads';
ALTER TABLE notes ALTER COLUMN owner_id SET STATISTICS 500;
ALTER TABLE notes ALTER COLUMN owner_id SET (n_distinct = -0.5);
CREATE INDEX ix_notes_both ON notes (owner_id, created_at DESC) INCLUDE (parent_id) WITH (fillfactor = 70);
CREATE UNIQUE INDEX ix_notes_lower ON notes (lower(title), id) WHERE owner_id IS NOT NULL;
ALTER TABLE notes ADD CONSTRAINT notes_owner_title UNIQUE (owner_id, title);
COMMENT ON CONSTRAINT notes_owner_title ON notes IS 'once an owner';
CLUSTER notes USING ix_notes_both;
GRANT SELECT ON notes TO PUBLIC;
GRANT UPDATE (owner_id) ON notes TO PUBLIC;
"""


@pytest.fixture
def series(project: Project, database: Database) -> Series:
    database.execute(SCHEMA + EXTRAS)
    return Series(project, convert_users(), convert_notes())


def test_it_comes_to_what_the_plain_rewrite_comes_to(series: Series) -> None:
    project = series.project
    rows = "SELECT id::text, owner_id::text, parent_id::text FROM notes ORDER BY 1"
    series.to("contract")
    online, online_rows = comparable(project.dump()), project.database.rows(rows)
    series.back_to("base")
    for stage in STAGES:
        (project.folder / "versions" / f"{stage}.py").unlink()
    project.write(series.plain, "plain")
    project.upgrade("plain")
    assert comparable(project.dump()) == online
    assert project.database.rows(rows) == online_rows


@pytest.mark.parametrize("stage", STAGES)
def test_from_each_stage_it_goes_back_without_a_trace(series: Series, stage: str) -> None:
    project = series.project
    before, rows = comparable(project.dump()), project.database.rows("SELECT * FROM notes ORDER BY id")
    series.to(stage)
    series.back_to("base")
    assert comparable(project.dump()) == before
    assert project.database.rows("SELECT id, owner_id, parent_id, title, created_at FROM notes ORDER BY id") == rows


def test_what_is_done_is_done_again_without_harm(series: Series) -> None:
    """As after a kill before the stamp."""
    project = series.project
    series.to("contract")
    after = comparable(project.dump())
    project.database.execute("UPDATE alembic_version SET version_num = 'swap'")
    project.upgrade("contract")
    assert comparable(project.dump()) == after


@pytest.mark.parametrize(("stage", "before"), [("expand", None), ("build", "expand")])
def test_a_stage_that_was_cut_off_runs_again(series: Series, stage: str, before: str | None) -> None:
    project = series.project
    series.to(stage)
    stamp = f"UPDATE alembic_version SET version_num = '{before}'" if before else "DELETE FROM alembic_version"
    if stage == "build":
        project.database.execute("DROP VIEW pgwright_new.notes, pgwright_new.users; DROP SCHEMA pgwright_new")
    project.database.execute(stamp)
    series.to("contract")
    assert project.database.rows("SELECT pg_typeof(id)::text FROM notes LIMIT 1") == [("uuid",)]


def test_the_second_revision_waits_for_the_backfill(series: Series) -> None:
    many = "SELECT replace(gen_random_uuid()::text, '-', ''), owner_id FROM notes, generate_series(1, 400)"
    series.project.database.execute(f"INSERT INTO notes (id, owner_id) {many}")  # a small table it fills itself
    series.project.upgrade("expand")
    with pytest.raises(BackfillNotDone):
        series.project.upgrade("build")


def test_a_text_that_is_no_uuid_stops_it_before_anything_is_done(series: Series) -> None:
    database = series.project.database
    database.execute("INSERT INTO users (id) VALUES ('nobody')")
    before = comparable(series.project.dump())
    with pytest.raises(DBAPIError, match="1 values are no UUID, for example 'nobody'"):
        series.project.upgrade("expand")
    assert comparable(series.project.dump()) == before


def test_a_spelling_that_new_code_would_not_write_stops_it(series: Series) -> None:
    database = series.project.database
    database.execute("INSERT INTO users (id) VALUES ('AAAAAAAA-0000-4000-8000-000000000000')")
    with pytest.raises(DBAPIError, match="spelled unlike the others, 'AAAAAAAA-"):
        series.project.upgrade("expand")


def test_a_lock_that_does_not_come_leaves_no_stage_half_done(series: Series) -> None:
    project = series.project
    series.to("build")
    before = comparable(project.dump())
    path = project.folder / "versions" / "swap.py"
    path.write_text(path.read_text().replace("tries=100", "tries=2"))
    with psycopg.connect(project.database.dsn) as reader:
        reader.execute("SELECT count(*) FROM notes")
        with pytest.raises(Exception, match="no lock in 2 tries of 300ms"):
            project.upgrade("swap")
    spares = ("notes_pkey_old", "users_pkey_old", "notes_owner_title_old")
    left = [line for line in comparable(project.dump()) if not any(one in line for one in spares)]
    assert left == before
    project.upgrade("swap")
    assert project.database.rows("SELECT pg_typeof(id)::text FROM notes LIMIT 1") == [("uuid",)]


def test_the_way_back_waits_as_well_and_is_found_whole(series: Series) -> None:
    project = series.project
    before = comparable(project.dump())
    series.to("swap")
    path = project.folder / "versions" / "swap.py"
    path.write_text(path.read_text().replace("tries=100", "tries=2"))
    with psycopg.connect(project.database.dsn) as reader:
        reader.execute("SELECT count(*) FROM notes")
        with pytest.raises(Exception, match="no lock in 2 tries of 300ms"):
            project.downgrade("build")
    assert project.database.rows("SELECT version_num FROM alembic_version") == [("swap",)]
    project.downgrade("build")
    project.upgrade("swap")
    project.downgrade("build")
    series.stage = "build"
    series.back_to("base")
    assert comparable(project.dump()) == before
