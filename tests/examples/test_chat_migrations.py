"""The Alembic history of the chat app: up, down, up again, and the models agree with it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, create_engine
from sqlalchemy.exc import DBAPIError

from chat import schema
from chat.address import to_url
from chat.after.models import Base as AfterBase
from chat.before.models import Base as BeforeBase
from tests.support.database import Database

pytest_plugins = ["tests.support.chat_databases"]

SCHEMA = """
    SELECT conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace AND contype <> 'n'
    UNION ALL
    SELECT tablename, indexdef FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL
    SELECT table_name, column_name || ' ' || data_type || is_nullable
    FROM information_schema.columns WHERE table_schema = 'public'
    UNION ALL
    SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL
    SELECT proname, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND proname LIKE 'pgwright%'
    ORDER BY 1, 2
"""
# In the way of the last step: who has the name of a table, or depends on one.
OBSTACLES = {("0002", "0003"): "TABLE query_log (n int)", ("0003", "0002"): "VIEW obstacle AS SELECT * FROM query_log"}


@contextmanager
def connected(database: Database) -> Iterator[Connection]:
    engine = create_engine(to_url(database.url()))
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def test_up_down_and_up_again_leave_the_same_schema_and_rows(before_copy: Database) -> None:
    tables = ("user_sessions", "conversations", "messages", "citations", "documents", "passages")
    sums = [f"SELECT count(*), sum(hashtextextended({table}::text, 0)) FROM {table}" for table in tables]
    old_schema, old_rows = before_copy.rows(SCHEMA), [before_copy.rows(query) for query in sums]
    schema.upgrade(before_copy.url())
    new_schema = before_copy.rows(SCHEMA)
    assert new_schema != old_schema
    schema.downgrade(before_copy.url(), "0001")
    assert before_copy.rows(SCHEMA) == old_schema
    assert [before_copy.rows(query) for query in sums] == old_rows
    schema.upgrade(before_copy.url())
    assert before_copy.rows(SCHEMA) == new_schema
    schema.downgrade(before_copy.url(), "base")
    assert before_copy.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'") == [("alembic_version",)]


def test_the_first_revision_is_the_models_before(loaded: Database) -> None:
    with connected(loaded) as connection:
        assert compare_metadata(MigrationContext.configure(connection), BeforeBase.metadata) == []
    assert loaded.rows("SELECT count(*) FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
                       " AND indexname NOT LIKE 'pk_%'") == [(0,)]  # fmt: skip


def test_the_head_is_the_models_after(fixed: Database) -> None:
    with connected(fixed) as connection:
        assert compare_metadata(MigrationContext.configure(connection), AfterBase.metadata) == []
    command.check(schema.configuration(fixed.url()))


@pytest.mark.parametrize(("start", "end"), OBSTACLES)
def test_an_interrupted_revision_is_run_again(before_copy: Database, start: str, end: str) -> None:
    url = before_copy.url()
    schema.upgrade(url, max(start, end))
    wanted = before_copy.rows(SCHEMA) if end > start else None
    if end > start:
        schema.downgrade(url, start)
    before_copy.execute(f"CREATE {OBSTACLES[start, end]}")
    move = schema.upgrade if end > start else schema.downgrade
    with pytest.raises(DBAPIError):
        move(url, end)
    before_copy.execute(f"DROP {' '.join(OBSTACLES[start, end].split()[:2])}")
    move(url, end)
    assert before_copy.rows("SELECT version_num FROM alembic_version") == [(end,)]
    if wanted is not None:
        assert before_copy.rows(SCHEMA) == wanted


def test_every_lookup_of_the_system_has_an_index(fixed: Database) -> None:
    """What the system's document lists: one for each lookup and for each column of a time to live."""
    leading = {
        tuple(row)
        for row in fixed.rows("""
            SELECT indrelid::regclass::text, attname FROM pg_index
            JOIN pg_attribute ON attrelid = indrelid AND attnum = indkey[0]
            WHERE indisvalid AND indrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace)
        """)
    }
    assert leading >= {
        ("user_sessions", "session_id"),
        ("user_sessions", "expires_at"),
        ("conversations", "user_session_id"),
        ("conversations", "expires_at"),
        ("messages", "conversation_id"),
        ("messages", "expires_at"),
        ("citations", "message_id"),
        ("passages", "document_id"),
        ("passages", "embedding"),
    }
