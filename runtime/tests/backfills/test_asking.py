"""Whether a backfill is done, asked by an app that has few rights."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from pgwright_runtime import create_engine
from pgwright_runtime.backfills import backfill_states, is_backfilled, run_backfills
from runtime.tests.support.backfill_notes import NAME, declare
from tests.support.database import Database


@pytest.fixture
def engine(database: Database) -> Iterator[Engine]:
    database.execute("CREATE TABLE note (id bigint PRIMARY KEY, title text, title_lower text)")
    engine = create_engine(database.url(), pool_size=3)
    yield engine
    engine.dispose()


def test_where_nothing_was_ever_declared_nothing_is_done(engine: Engine) -> None:
    with Session(engine) as session:
        assert not is_backfilled(session, NAME)
        assert backfill_states(session) == []
    assert run_backfills(engine) == ()


def test_everybody_may_ask_and_nobody_may_write(engine: Engine, database: Database) -> None:
    role = f"app_{database.name}"
    database.execute(f"CREATE ROLE {role} LOGIN; ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO {role}")
    declare(engine)
    run_backfills(engine)
    try:
        with Session(engine) as session:
            session.connection().exec_driver_sql(f"SET ROLE {role}")
            assert is_backfilled(session, NAME)
            assert [one.state for one in backfill_states(session)] == ["done"]
        for query in ("SELECT position FROM pgwright_backfill", "UPDATE pgwright_backfill SET sets = '[]'"):
            with psycopg.connect(database.dsn) as connection:
                connection.execute(f"SET ROLE {role}")
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(query.encode())
    finally:
        database.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")


def test_the_table_is_found_off_the_search_path(engine: Engine, database: Database) -> None:
    declare(engine)
    run_backfills(engine)
    database.execute("CREATE SCHEMA admin; ALTER TABLE pgwright_backfill SET SCHEMA admin")
    with engine.connect() as connection:
        assert is_backfilled(connection, NAME)
        assert is_backfilled(connection, NAME, schema="admin")
        assert not is_backfilled(connection, NAME, schema="public")
    database.execute("CREATE SCHEMA other; CREATE TABLE other.pgwright_backfill (LIKE admin.pgwright_backfill)")
    with engine.connect() as connection:
        assert not is_backfilled(connection, NAME)  # which of the two is not known
