"""The Alembic history: up, down, up again, and the models agree with it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config, main
from alembic.migration import MigrationContext
from alembic.util import CommandError
from sqlalchemy import Connection, create_engine

from notebook import schema
from notebook.address import to_url
from notebook.after.models import Base as AfterBase
from notebook.before.models import Base as BeforeBase
from tests.support.database import Database

pytest_plugins = ["tests.support.notebook_databases"]

SCHEMA = """
    SELECT conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace
    UNION ALL
    SELECT tablename, indexdef FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL
    SELECT table_name, column_name || ' ' || data_type || is_nullable || coalesce(column_default, '')
    FROM information_schema.columns WHERE table_schema = 'public'
    ORDER BY 1, 2
"""
ROWS = "SELECT * FROM {} ORDER BY id LIMIT 50"
LIVE = "SELECT count(*) FROM pg_indexes WHERE indexdef LIKE '%WHERE (deleted_at IS NULL)%'"


@contextmanager
def connected(database: Database) -> Iterator[Connection]:
    engine = create_engine(to_url(database.dsn))
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def test_up_down_and_up_again_leave_the_same_schema_and_rows(before: Database) -> None:
    tables = ("users", "messages", "jobs", "generation_history")
    old_schema, old_rows = before.rows(SCHEMA), [before.rows(ROWS.format(table)) for table in tables]
    schema.upgrade(before.dsn)
    new_schema = before.rows(SCHEMA)
    schema.downgrade(before.dsn, "0001")
    assert before.rows(SCHEMA) == old_schema
    assert [before.rows(ROWS.format(table)) for table in tables] == old_rows
    schema.upgrade(before.dsn)
    assert before.rows(SCHEMA) == new_schema
    schema.downgrade(before.dsn, "base")
    assert before.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'") == [("alembic_version",)]


def test_the_first_revision_is_the_models_before(loaded: Database) -> None:
    with connected(loaded) as connection:
        assert compare_metadata(MigrationContext.configure(connection), BeforeBase.metadata) == []


def test_the_head_is_the_models_after(fixed: Database) -> None:
    with connected(fixed) as connection:
        assert compare_metadata(MigrationContext.configure(connection), AfterBase.metadata) == []
    command.check(schema.configuration(fixed.dsn))


def test_all_13_tables_are_soft_deleted_with_a_partial_index_and_cascade(fixed: Database) -> None:
    assert len(AfterBase.metadata.tables) == 13
    assert fixed.rows("SELECT count(*) FROM information_schema.columns WHERE column_name = 'deleted_at'") == [(13,)]
    assert fixed.rows(LIVE) == [(13,)]
    assert fixed.rows("SELECT count(*), count(*) FILTER (WHERE confdeltype <> 'c') FROM pg_constraint "
                      "WHERE contype = 'f'") == [(14, 0)]  # fmt: skip
    assert fixed.rows("SELECT count(*) FROM pg_index WHERE NOT indisvalid") == [(0,)]


def test_no_value_of_a_key_was_lost(loaded: Database, fixed: Database) -> None:
    for column, table in (("id", "jobs"), ("job_id", "generation_history"), ("conversation_id", "messages")):
        query = f"SELECT md5(string_agg({column}::uuid::text, '' ORDER BY {column}::uuid)) FROM {table}"
        assert fixed.rows(query) == loaded.rows(query)


@pytest.mark.parametrize("direction", ["up", "down"])
def test_an_interrupted_soft_delete_revision_is_run_again(before: Database, direction: str) -> None:
    start, end = ("0003", "0004") if direction == "up" else ("0004", "0003")
    schema.upgrade(before.dsn, "0004")
    complete = before.rows(SCHEMA)
    if direction == "down":
        schema.downgrade(before.dsn, "0003")
        complete = before.rows(SCHEMA)
    # Everything was done but for the last step: to note it.
    before.execute(f"UPDATE alembic_version SET version_num = '{start}'")
    move = schema.upgrade if direction == "up" else schema.downgrade
    move(before.dsn, end)
    assert before.rows(SCHEMA) == complete


def test_prints_its_sql_offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    config = schema.configuration("postgresql://nowhere/notebook")
    printed = config.output_buffer = io.StringIO()
    with redirect_stdout(printed):
        command.upgrade(config, "head", sql=True)
        command.downgrade(config, "head:base", sql=True)
    assert "CREATE TABLE users" in printed.getvalue()
    assert "CREATE UNIQUE INDEX CONCURRENTLY ix_users_live" in printed.getvalue()


def test_the_url_is_looked_for_in_three_places(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    ini = str(schema.DIRECTORY / "alembic.ini")
    monkeypatch.delenv("DATABASE_URL", raising=False)
    with pytest.raises(CommandError, match="no database was named"):
        command.current(_without_url())
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@/nowhere?host=/nowhere")
    main(["-c", ini, "-x", f"url={database.url('asyncpg')}", "upgrade", "0001"])
    assert database.rows("SELECT version_num FROM alembic_version") == [("0001",)]
    monkeypatch.setenv("DATABASE_URL", database.url())
    main(["-c", ini, "downgrade", "base"])
    assert database.rows("SELECT version_num FROM alembic_version") == []


def _without_url() -> Config:
    config = schema.configuration("postgresql://nowhere/notebook")
    config.remove_main_option("sqlalchemy.url")
    return config
