"""A law: whatever the app writes meanwhile, in whatever order, the rows end as a plain UPDATE would leave them."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from pgwright_runtime import create_engine
from pgwright_runtime.backfills import run_backfills
from pgwright_runtime.batches import BatchProgress, Pace, StopFlag
from runtime.tests.support.backfill_notes import declare, revising
from tests.support.database import Database

KEYS = st.integers(-3, 40)
TITLES = st.text("aAäÄ '%:\\", max_size=4)
WRITES = st.one_of(
    st.tuples(st.just("insert"), KEYS, TITLES),
    st.tuples(st.just("update"), KEYS, TITLES),
    st.tuples(st.just("move"), KEYS, KEYS),
    st.tuples(st.just("delete"), KEYS, st.just("")),
    # The app holds rows while batches run, and lets them go later.
    st.tuples(st.just("hold"), KEYS, TITLES),
    st.tuples(st.just("let go"), KEYS, st.just("")),
    # The runner is ended, and begins anew.
    st.tuples(st.just("stop"), KEYS, st.just("")),
)
STATEMENTS = {
    "insert": "INSERT INTO note (id, title) VALUES (%s, %s) ON CONFLICT (id) DO UPDATE SET title = excluded.title",
    "update": "UPDATE note SET title = %(title)s WHERE id = %(id)s",
    "move": "UPDATE note SET id = %(title)s WHERE id = %(id)s AND NOT EXISTS (SELECT FROM note WHERE id = %(title)s)",
    "delete": "DELETE FROM note WHERE id = %(id)s",
}


@pytest.fixture
def engine(database: Database) -> Iterator[Engine]:
    database.execute(
        "CREATE TABLE note (id int PRIMARY KEY, title text NOT NULL, title_lower text, padding text);"
        # No small table, which would be done where it is declared.
        "ALTER TABLE note ALTER padding SET STORAGE PLAIN;"
        "CREATE TABLE others AS SELECT n, repeat('x', 7000) AS padding FROM generate_series(1000, 1150) n"
    )
    engine = create_engine(database.url(), pool_size=3)
    yield engine
    engine.dispose()


class App:
    """Writes between two batches."""

    def __init__(self, database: Database, writes: list[tuple[str, int, object]], stop: StopFlag) -> None:
        self.writes, self.stop = writes, stop
        self.free = psycopg.connect(database.dsn, autocommit=True)
        self.holding = psycopg.connect(database.dsn)
        for connection in (self.free, self.holding):
            connection.execute("SET lock_timeout = '5ms'")

    def between(self, told: BatchProgress) -> None:
        if not self.writes:
            self.holding.commit()
            return
        kind, key, other = self.writes.pop()
        values = {"id": key, "title": other}
        try:
            if kind == "hold":
                self.holding.execute(STATEMENTS["update"], values)
            elif kind == "let go":
                self.holding.commit()
            elif kind == "stop":
                self.stop.set()
            elif kind == "insert":
                self.free.execute(STATEMENTS[kind], (key, other))
            else:
                self.free.execute(STATEMENTS[kind], values)
        except psycopg.Error:
            if self.holding.info.transaction_status == psycopg.pq.TransactionStatus.INERROR:
                self.holding.rollback()

    def close(self) -> None:
        self.free.close()
        self.holding.close()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(titles=st.dictionaries(KEYS, TITLES, max_size=25), writes=st.lists(WRITES, max_size=30))
def test_rows_end_as_a_plain_update_leaves_them(
    engine: Engine, database: Database, titles: dict[int, str], writes: list[tuple[str, int, object]]
) -> None:
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        connection.execute("TRUNCATE note")
        connection.execute("INSERT INTO note SELECT n, 'Other', NULL, padding FROM others")
        with connection.cursor() as cursor:
            cursor.executemany("INSERT INTO note (id, title) VALUES (%s, %s)", list(titles.items()))
    declare(engine, keep_filled=True)
    stop = StopFlag()
    app = App(database, list(writes), stop)
    pace = Pace(busy=1, first_rows=3, most_rows=30, batch_ms=5)
    try:
        while True:
            (ran,) = run_backfills(engine, ["note_title_lower"], pace=pace, stop=stop, progress=app.between)
            if ran.is_done:
                break
            stop = app.stop = StopFlag()
    finally:
        app.close()
    wrong = "SELECT id, title, title_lower FROM note WHERE title_lower IS DISTINCT FROM lower(title)"
    assert database.rows(wrong) == []
    with revising(engine) as op:
        op.drop_backfill("note_title_lower")
