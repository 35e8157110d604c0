"""The revision on a real server: up, down, up again, and what may go wrong on the way."""

from __future__ import annotations

import threading

import psycopg
import pytest
from alembic.util import CommandError
from sqlalchemy.exc import DBAPIError

from pgwright.migrations import downgrade, open_directory, upgrade
from pgwright.model.change import (
    AnalyzeTable,
    ColumnConversion,
    ConvertColumns,
    CreateIndex,
    DropIndex,
    RebuildIndex,
    UniqueAmongLiving,
    UuidFormat,
)
from pgwright.model.finding import Finding
from pgwright.model.index import IndexDefinition, IndexKey
from pgwright.model.names import QualifiedName
from tests.support.alembic_project import Project, finding

NOTES = QualifiedName("public", "notes")
USERS = QualifiedName("public", "users")
BY_OWNER = IndexDefinition(
    "ix_notes_owner_id_created_at", NOTES, (IndexKey("owner_id"), IndexKey("created_at", is_descending=True))
)

SCHEMA = """
CREATE TABLE users (
    id varchar(255) PRIMARY KEY DEFAULT gen_random_uuid()::text,
    email text CONSTRAINT users_email_key UNIQUE,
    deleted_at timestamptz
);
CREATE TABLE notes (
    id varchar(32) PRIMARY KEY,
    owner_id varchar(255) NOT NULL REFERENCES users ON DELETE CASCADE,
    parent_id varchar(32) REFERENCES notes,
    title text,
    created_at timestamptz DEFAULT now()
);
CREATE INDEX ix_notes_parent ON notes (parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX ix_title ON notes (title);
CREATE INDEX ix_title_again ON notes (title);
INSERT INTO users (email) SELECT 'u' || n FROM generate_series(1, 50) n;
INSERT INTO notes (id, owner_id) SELECT replace(gen_random_uuid()::text, '-', ''), id FROM users;
UPDATE notes SET parent_id = (SELECT min(id) FROM notes);
COMMENT ON CONSTRAINT users_email_key ON users IS 'one address a user';
COMMENT ON CONSTRAINT notes_parent_id_fkey ON notes IS 'of the same owner';
"""


def create(definition: IndexDefinition = BY_OWNER) -> Finding:
    return finding("missing-index", "notes (owner_id)", CreateIndex(definition))


def convert_users(uuid_format: UuidFormat = "hyphenated") -> Finding:
    columns = (
        ColumnConversion(USERS, "id", "character varying(255)", "uuid", "(gen_random_uuid())::text", uuid_format),
        ColumnConversion(NOTES, "owner_id", "character varying(255)", "uuid", None, uuid_format),
    )
    return finding("text-uuid-key", "users (id)", ConvertColumns(columns, ()))


def convert_notes() -> Finding:
    columns = tuple(
        ColumnConversion(NOTES, name, "character varying(32)", "uuid", None, "plain") for name in ("id", "parent_id")
    )
    return finding("text-uuid-key", "notes (id)", ConvertColumns(columns, ()))


def everything(project: Project) -> list[Finding]:
    by_name = {index.name.name: index for index in project.snapshot().indexes}
    again, unique = by_name["ix_title_again"], by_name["users_email_key"]
    living = IndexDefinition(
        "uq_users_email", USERS, (IndexKey("email"),), predicate="deleted_at IS NULL", is_unique=True
    )
    return [
        convert_users(),
        convert_notes(),
        create(),
        finding("soft-delete-unique", "users", UniqueAmongLiving(unique.name, "users_email_key", unique.sql, living)),
        finding("duplicate-index", "ix_title_again", DropIndex(again.name, NOTES, again.sql, again.size_bytes)),
        finding("never-analyzed", "users", AnalyzeTable(USERS)),
    ]


def types(project: Project) -> set[tuple[object, ...]]:
    return set(
        project.database.rows(
            "SELECT table_name, column_name, data_type FROM information_schema.columns "
            "WHERE table_name IN ('users', 'notes') AND column_name LIKE '%id'"
        )
    )


def values(project: Project) -> list[tuple[object, ...]]:
    return project.database.rows(
        "SELECT u.id::text, u.email, n.id::text, n.parent_id::text "
        "FROM users u JOIN notes n ON n.owner_id = u.id ORDER BY email"
    )


@pytest.mark.parametrize("driver", ["psycopg", "asyncpg"])
@pytest.mark.parametrize("is_per_migration", [True, False])
def test_up_down_up_again(project: Project, driver: str, is_per_migration: bool) -> None:
    project.database.execute(SCHEMA)
    before, rows = project.dump(), values(project)
    project.driver, project.options = driver, {"transaction_per_migration": is_per_migration}
    project.write(project.plan(*everything(project)))

    project.upgrade()
    after = project.dump()
    assert {kind for _, _, kind in types(project)} == {"uuid"}
    assert "ix_notes_owner_id_created_at" in after
    assert "WHERE (deleted_at IS NULL)" in after
    assert "users_email_key" not in after
    assert "ix_title_again" not in after

    project.downgrade()
    assert project.dump() == before
    assert values(project) == rows

    project.upgrade()
    assert project.dump() == after


@pytest.mark.pg(">= 14")
def test_an_index_comes_back_with_its_comment_and_its_statistics_target(project: Project) -> None:
    project.database.execute("""
        CREATE TABLE notes (id int, title text, deleted_at timestamptz);
        CREATE INDEX ix_title ON notes (lower(title || id::text), id);
        ALTER INDEX ix_title ALTER COLUMN 1 SET STATISTICS 321;
        COMMENT ON INDEX ix_title IS E'of the yearly report; it''s\n100 % \\d';
        CREATE UNIQUE INDEX uq ON notes (title);
        COMMENT ON INDEX uq IS 'asked for by Ann'
    """)
    before = project.dump()
    (ix, uq) = (index for index in project.snapshot().indexes)
    living = IndexDefinition("uq_living", NOTES, (IndexKey("title"),), is_unique=True, predicate="deleted_at IS NULL")
    drop = finding("unused-index", "ix_title", DropIndex(ix.name, NOTES, ix.sql, 1))
    replace = finding("soft-delete-unique", "uq", UniqueAmongLiving(uq.name, None, uq.sql, living))
    project.write(project.plan(drop, replace))
    project.upgrade()
    assert "INDEX ix_title" not in project.dump()
    project.downgrade()
    assert project.dump() == before


def test_findings_are_gone_after_the_upgrade(project: Project) -> None:
    project.database.execute(SCHEMA)
    findings = everything(project)
    project.write(project.plan(*findings))
    project.upgrade()
    snapshot = project.snapshot()
    assert all(key.is_validated for key in snapshot.foreign_keys)
    assert all(index.is_valid for index in snapshot.indexes)
    assert snapshot.table_by_name[NOTES].all_visible_pages > 0
    assert {row.column for row in snapshot.statistics if row.relation == USERS} >= {"id", "email"}


def test_several_revisions_in_one_upgrade(project: Project) -> None:
    project.database.execute(SCHEMA)
    project.write(project.plan(convert_users()), "r1")
    project.write(project.plan(create()), "r2", "r1")
    project.write(project.plan(convert_notes()), "r3", "r2")
    before = project.dump()
    project.upgrade()
    assert {kind for _, _, kind in types(project)} == {"uuid"}
    project.downgrade()
    assert project.dump() == before


def test_runs_on_a_copy_without_env_py(project: Project) -> None:
    project.database.execute(SCHEMA)
    before = project.dump()
    project.write(project.plan(*everything(project)))
    (project.folder / "env.py").write_text("raise SystemExit('env.py ran')")
    directory = open_directory(project.folder)
    assert upgrade(project.database.dsn, directory) == ("r1",)
    assert {kind for _, _, kind in types(project)} == {"uuid"}
    assert downgrade(project.database.dsn, directory, "base") == ("r1",)
    assert project.dump() == before


def test_offline_sql_gives_the_same_schema(project: Project) -> None:
    project.database.execute(SCHEMA)
    before = project.dump()
    project.write(project.plan(*everything(project)))
    up, down = project.offline("upgrade", "head"), project.offline("downgrade", "r1:base")
    project.upgrade()
    after = project.dump()
    project.downgrade()
    project.database.execute("DROP TABLE alembic_version")

    project.psql(up)
    assert project.dump() == after
    assert project.database.rows("SELECT version_num FROM alembic_version") == [("r1",)]
    project.psql(down)
    assert project.dump() == before


def test_an_invalid_leftover_is_replaced(project: Project) -> None:
    project.database.execute(SCHEMA)
    project.write(project.plan(create()))
    project.database.execute(
        "CREATE INDEX ix_notes_owner_id_created_at ON notes (owner_id);"
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ix_notes_owner_id_created_at'::regclass"
    )
    offline = project.offline("upgrade", "head")
    project.upgrade()
    ((valid, sql),) = project.database.rows(
        "SELECT indisvalid, pg_get_indexdef(indexrelid) FROM pg_index "
        "WHERE indexrelid = 'ix_notes_owner_id_created_at'::regclass"
    )
    assert valid
    assert "created_at DESC" in str(sql)
    dropped = "SELECT query FROM pg_stat_statements JOIN pg_database d ON d.oid = dbid WHERE query LIKE '%DROP INDEX%'"
    (said,) = project.database.rows(f"{dropped} AND datname = current_database() AND query NOT LIKE 'SELECT%'")
    assert said == ("DROP INDEX CONCURRENTLY IF EXISTS public.ix_notes_owner_id_created_at",), "nobody is blocked"

    project.database.execute(
        "DROP TABLE alembic_version;"
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ix_notes_owner_id_created_at'::regclass"
    )
    project.psql(offline)
    assert all(index.is_valid for index in project.snapshot().indexes)


def test_an_invalid_index_is_built_again(project: Project) -> None:
    project.database.execute(SCHEMA)
    project.database.execute("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ix_title'::regclass")
    index = next(index for index in project.snapshot().indexes if index.name.name == "ix_title")
    project.write(project.plan(finding("invalid-index", "ix_title", RebuildIndex(index.name, NOTES, index.sql))))
    project.upgrade()
    assert all(index.is_valid for index in project.snapshot().indexes)


def test_a_short_lock_is_waited_out(project: Project) -> None:
    project.database.execute(SCHEMA)
    path = project.write(project.plan(convert_users()))
    path.write_text(path.read_text().replace('LOCK_WAIT = "2s"', 'LOCK_WAIT = "50ms"'))
    with psycopg.connect(project.database.dsn) as other:
        other.execute("SELECT count(*) FROM notes")
        release = threading.Timer(0.6, other.rollback)
        release.start()
        project.upgrade()
        release.join()
    assert ("users", "id", "uuid") in types(project)


@pytest.mark.parametrize("driver", ["psycopg", "asyncpg"])
def test_a_long_lock_ends_in_a_clear_error_and_nothing_done(project: Project, driver: str) -> None:
    project.database.execute(SCHEMA)
    project.driver = driver
    path = project.write(project.plan(convert_users(), create()))
    text = path.read_text().replace('LOCK_WAIT = "2s"', 'LOCK_WAIT = "50ms"').replace("TRIES = 20", "TRIES = 2")
    path.write_text(text.replace('LONG_WAIT = "30min"', 'LONG_WAIT = "50ms"'))
    before = project.dump()
    with psycopg.connect(project.database.dsn) as other:
        other.execute("LOCK TABLE notes IN ACCESS SHARE MODE")
        with pytest.raises(CommandError, match=r"(?s)no lock in 2 tries.*LOCK TABLE public.notes.*pid \d+ .*again"):
            project.upgrade()
    assert project.dump() == before
    project.upgrade()
    assert ("users", "id", "uuid") in types(project)


def test_a_build_that_waits_too_long_is_made_good_by_the_next_run(project: Project) -> None:
    project.database.execute(SCHEMA)
    path = project.write(project.plan(create()))
    text = path.read_text().replace('LONG_WAIT = "30min"', 'LONG_WAIT = "300ms"')
    path.write_text(text.replace('LOCK_WAIT = "2s"', 'LOCK_WAIT = "100ms"'))
    with psycopg.connect(project.database.dsn) as other:
        other.execute("UPDATE notes SET title = 'x'")
        with pytest.raises(CommandError, match=r"(?s)no lock in 1 tries.*pid \d+ \(postgres, idle in transaction"):
            project.upgrade()
    project.upgrade()
    assert "ix_notes_owner_id_created_at" in project.dump()
    assert all(index.is_valid for index in project.snapshot().indexes)


def test_a_build_that_fails_leaves_no_invalid_index(project: Project) -> None:
    project.database.execute(SCHEMA + "; UPDATE notes SET title = 'the same'")
    unique = IndexDefinition("uq_title", NOTES, (IndexKey("title"),), is_unique=True)
    project.write(project.plan(create(unique)))
    with pytest.raises(DBAPIError, match="could not create unique index"):
        project.upgrade()
    assert "uq_title" not in project.dump()


def test_an_env_that_executes_something_first_is_told_to_commit_it(project: Project) -> None:
    project.database.execute(SCHEMA)
    project.write(project.plan(create()))
    env = project.folder / "env.py"
    early = 'connection.exec_driver_sql("SET search_path = public")'
    env.write_text(
        env.read_text().replace("run(connection)\n    engine", f"{early}\n        run(connection)\n    engine")
    )
    with pytest.raises(CommandError, match="commit what it executes before"):
        project.upgrade()
    env.write_text(env.read_text().replace(early, f"{early}\n        connection.commit()"))
    project.upgrade()
    assert "ix_notes_owner_id_created_at" in project.dump()


def test_runs_again_after_a_later_part_failed(project: Project) -> None:
    project.database.execute(SCHEMA)
    plan = project.plan(*everything(project))
    path = project.write(plan)
    good = path.read_text()
    path.write_text(good.replace("ON public.notes (owner_id, created_at DESC)", "ON public.notes (no_such_column)"))
    with pytest.raises(DBAPIError, match="no_such_column"):
        project.upgrade()
    path.write_text(good)
    files = "SELECT relname, relfilenode FROM pg_class WHERE relname IN ('users', 'notes') ORDER BY 1"
    converted = project.database.rows(files)
    project.upgrade()
    assert project.database.rows(files) == converted, "a second run rewrites nothing"
    assert all(key.is_validated for key in project.snapshot().foreign_keys)


def test_a_statement_timeout_of_the_role_does_not_end_it(project: Project) -> None:
    project.database.execute(SCHEMA)
    project.database.execute(f"ALTER DATABASE {project.database.name} SET statement_timeout = '30ms'")
    project.database.execute(
        "CREATE FUNCTION slow(text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS "
        "$$ BEGIN PERFORM pg_sleep(0.005); RETURN $1; END $$"
    )
    slow = IndexDefinition("ix_slow", NOTES, (IndexKey(None, "slow(title)"),))
    project.write(project.plan(create(slow)))
    project.upgrade()
    assert "ix_slow" in project.dump()


def test_the_session_gets_its_own_timeouts_back(project: Project) -> None:
    project.database.execute(SCHEMA)
    path = project.write(project.plan(*everything(project)))
    report = """    _execute("CREATE TABLE seen AS SELECT current_setting('lock_timeout') AS lock, "
             "current_setting('statement_timeout') AS statement")
"""
    text = path.read_text()
    at = text.index("\n\ndef downgrade")
    path.write_text(text[:at] + report + text[at:])
    project.database.execute(f"ALTER DATABASE {project.database.name} SET lock_timeout = '7s'")
    project.upgrade()
    assert project.database.rows("SELECT * FROM seen") == [("7s", "0")]
