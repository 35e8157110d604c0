"""New partitions although a DEFAULT partition is in the way, on a real server."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta

import psycopg
import pytest
from sqlalchemy import Engine, create_engine

from pgwright_runtime.retention.partitions import PartitionReport, Partitions, default_partition
from runtime.tests.support.partitioned import EVENTS, NOW, attached, events_table, month, running_load
from tests.support.database import Database

DEFAULT = "CREATE TABLE events_rest PARTITION OF events DEFAULT"
CHECKS = "SELECT conname FROM pg_constraint WHERE contype = 'c' AND connamespace = 'public'::regnamespace"
JUNE = '"public"."events_2026_06"'


@pytest.fixture
def engine(database: Database) -> Iterator[Engine]:
    engine = create_engine(database.url("psycopg"))
    yield engine
    engine.dispose()


def run(engine: Engine, ahead: int = 1, keep: timedelta | None = None, tries: int = 40) -> PartitionReport:
    return Partitions(events_table(), "created_at", every="month", ahead=ahead, keep=keep).run(
        engine, now=NOW, tries=tries
    )


def rows_of(database: Database, table: str) -> list[object]:
    return [body for (body,) in database.rows(f"SELECT body FROM {table} ORDER BY body")]


@pytest.fixture(params=["small", "large"])
def size(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "large":
        monkeypatch.setattr(default_partition, "SMALL_BYTES", -1)
    return str(request.param)


def test_an_empty_default_partition_is_no_hindrance(database: Database, engine: Engine, size: str) -> None:
    database.execute(f"{EVENTS}; {month(5)}; {DEFAULT}")
    assert run(engine).created == [JUNE]
    assert database.rows(CHECKS) == []


def test_rows_of_other_times_stay_in_it(database: Database, engine: Engine, size: str) -> None:
    database.execute(
        f"{EVENTS}; {month(5)}; {DEFAULT}; INSERT INTO events (created_at, body) VALUES ('1999-01-01', 'x')"
    )
    report = run(engine)
    assert report.created == [JUNE]
    assert "is not empty" in report.notes[0]
    assert rows_of(database, "events_rest") == ["x"]


def test_few_rows_move_to_their_partition(database: Database, engine: Engine) -> None:
    columns = "body text, n int GENERATED ALWAYS AS IDENTITY, m int GENERATED ALWAYS AS (1) STORED"
    database.execute(f"""
        {EVENTS.replace("body text", columns)}; {month(4)}; {DEFAULT};
        INSERT INTO events (created_at, body)
        VALUES ('2026-05-02', 'may'), ('2026-06-30 23:59:59.9+00', 'june'), ('2030-01-01', 'x')
    """)
    assert run(engine).created == ['"public"."events_2026_05"', JUNE]
    assert [rows_of(database, f"events_{name}") for name in ("2026_05", "2026_06", "rest")] == [
        ["may"],
        ["june"],
        ["x"],
    ]
    assert database.rows("SELECT n FROM events ORDER BY n") == [(1,), (2,), (3,)]


def test_nobody_misses_a_row_that_moves_or_sees_it_twice(database: Database, engine: Engine) -> None:
    database.execute(f"{EVENTS}; {month(4)}; {DEFAULT}")
    ended, counts, ready = threading.Event(), set(), threading.Barrier(5)

    def read() -> None:
        with psycopg.connect(database.dsn, autocommit=True) as connection:
            ready.wait()
            while not ended.is_set():
                counts.update(connection.execute("SELECT count(*) FROM events WHERE body = 'old'").fetchall())

    database.execute("INSERT INTO events (created_at, body) SELECT '2026-05-02', 'old' FROM generate_series(1, 3000)")
    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    ready.wait()
    with running_load(database, "2026-05-03"):
        for _ in range(5):
            assert not run(engine, ahead=0).left
            database.execute(
                """
                BEGIN; LOCK TABLE events; ALTER TABLE events DETACH PARTITION events_2026_05;
                INSERT INTO events SELECT * FROM events_2026_05; DROP TABLE events_2026_05; COMMIT
            """.replace("BEGIN; ", "DO $$ BEGIN ").replace("; COMMIT", "; END $$")
            )
    ended.set()
    for thread in threads:
        thread.join()
    assert counts == {(3000,)}


def test_one_with_many_rows_becomes_a_partition(
    database: Database, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(default_partition, "FEW_ROWS", 100)
    database.execute(f"""
        {EVENTS}; {month(2)}; {DEFAULT};
        INSERT INTO events (created_at, body)
        SELECT '2026-03-01'::timestamptz + i * interval '1 hour', 'old' FROM generate_series(1, 1000) i
    """)
    with running_load(database, "2026-05-03"):
        report = run(engine)
    assert not report.left
    assert attached(database) == {
        "events_2026_02": "FROM ('2026-02-01 00:00:00+00') TO ('2026-03-01 00:00:00+00')",
        "events_2026_03": "FROM ('2026-03-01 00:00:00+00') TO ('2026-06-01 00:00:00+00')",
        "events_2026_06": "FROM ('2026-06-01 00:00:00+00') TO ('2026-07-01 00:00:00+00')",
        "events_rest": "DEFAULT",
    }
    assert rows_of(database, "events_rest") == []
    assert database.rows("SELECT count(*) FROM events_2026_03 WHERE body = 'old'") == [(1000,)]
    assert database.rows(CHECKS) == []


def test_a_table_that_has_nothing_but_a_default_partition(
    database: Database, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(default_partition, "FEW_ROWS", 0)
    database.execute(
        f"{EVENTS}; {DEFAULT}; INSERT INTO events (created_at, body) VALUES ('1999-01-01', 'x'), ('2026-05-01', 'y')"
    )
    assert not run(engine).left
    assert attached(database)["events_p2026_05"] == "FROM (MINVALUE) TO ('2026-06-01 00:00:00+00')"
    assert rows_of(database, "events_p2026_05") == ["x", "y"]


def test_what_cannot_be_done_is_told(database: Database, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(default_partition, "FEW_ROWS", 1)
    database.execute(f"""
        {EVENTS}; {month(4)}; {DEFAULT}; INSERT INTO events (created_at, body)
        VALUES ('2026-05-02', 'a'), ('2026-05-02', 'b'), ('2030-01-01', 'c')
    """)
    report = run(engine)
    assert "more than 1 rows of its range, which are too many" in report.left['"public"."events_2026_05"']
    assert report.created == [JUNE]
    monkeypatch.undo()
    database.execute("""
        CREATE FUNCTION told() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END';
        CREATE TRIGGER gone AFTER DELETE ON events FOR EACH ROW EXECUTE FUNCTION told()
    """)
    assert "would fire the triggers for DELETE: gone" in run(engine).left['"public"."events_2026_05"']
    database.execute(
        "DROP TRIGGER gone ON events; CREATE TABLE notes (a uuid, b timestamptz, FOREIGN KEY (a, b) REFERENCES events)"
    )
    assert "would end what refers to them" in run(engine).left['"public"."events_2026_05"']


def test_a_long_reader_is_not_waited_for_and_the_proof_goes(
    database: Database, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(default_partition, "SMALL_BYTES", -1)
    database.execute(f"{EVENTS}; {month(5)}; {DEFAULT}")
    with psycopg.connect(database.dsn) as reader:
        reader.execute("SELECT count(*) FROM events")
        assert "no lock in 1 tries" in run(engine, tries=1).left[JUNE]
    database.execute("ALTER TABLE events_rest ADD CONSTRAINT pgwright_default CHECK (created_at < '2026-06-01')")
    assert run(engine).created == [JUNE]
    assert database.rows(CHECKS) == []


def test_beside_a_default_partition_old_ones_go_too(database: Database, engine: Engine) -> None:
    database.execute(f"{EVENTS}; {month(1)}; {month(5)}; {DEFAULT}")
    assert run(engine, keep=timedelta(days=30)).dropped == ['"public"."events_2026_01"']
