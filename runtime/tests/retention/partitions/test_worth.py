"""When partitions serve better than deletes, and the revision that is written then."""

from __future__ import annotations

from datetime import timedelta

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Connection, create_engine

from pgwright_runtime.retention.partitions import PartitionAdvice, partition_advice
from pgwright_runtime.retention.partitions.worth import LARGE_BYTES, period_for
from tests.support.database import Database

EVENTS = """
    CREATE TABLE events (id int PRIMARY KEY, created_at timestamptz NOT NULL);
    INSERT INTO events SELECT i, now() - i * interval '1 minute' FROM generate_series(1, 1000) i
"""


def advice(database: Database, correlation: float = -1.0, large_bytes: int = 1) -> PartitionAdvice | None:
    engine = create_engine(database.url("psycopg"))
    with engine.connect() as connection:
        found = _advice(connection, correlation, large_bytes)
    engine.dispose()
    return found


def _advice(connection: Connection, correlation: float, large_bytes: int) -> PartitionAdvice | None:
    oid = connection.exec_driver_sql("SELECT 'events'::regclass::oid").scalar_one()
    days = timedelta(days=365)
    return partition_advice(connection, oid, "created_at", days, correlation, large_bytes=large_bytes)


def test_quiet_where_deletes_serve_as_well(database: Database) -> None:
    database.execute(EVENTS)
    assert advice(database, large_bytes=LARGE_BYTES) is None
    assert advice(database, correlation=0.5) is None


def test_the_revision_it_writes_runs_there_and_back(database: Database) -> None:
    database.execute(EVENTS)
    found = advice(database)
    assert found is not None
    assert "partitions by created_at would serve better" in found.words
    assert "ON CONFLICT (id) finds no unique index" in found.revision()
    code: dict[str, object] = {}
    exec(found.revision(), code)
    engine = create_engine(database.url("psycopg"))
    for function, kind in (("upgrade", "p"), ("downgrade", "r")):
        with engine.connect() as connection:
            context = MigrationContext.configure(connection)
            with Operations.context(context), context.begin_transaction():
                code[function]()  # type: ignore[operator]
        assert database.rows("SELECT relkind::text FROM pg_class WHERE oid = 'events'::regclass") == [(kind,)]
    engine.dispose()
    assert database.rows("SELECT count(*) FROM events") == [(1000,)]


def test_what_stands_in_the_way_comes_first(database: Database) -> None:
    database.execute(f"{EVENTS}; CREATE TABLE notes (event_id int REFERENCES events)")
    found = advice(database)
    assert found is not None
    assert "First: the foreign key notes_event_id_fkey of notes refers to it" in found.words
    assert "# First: the foreign key" in found.revision()


@pytest.mark.parametrize(("days", "every"), [(7, "day"), (90, "week"), (365, "month"), (3650, "year")])
def test_some_dozens_of_partitions_at_most(days: int, every: str) -> None:
    assert period_for(timedelta(days=days)) == every
