"""A partitioned table under its policy, on a real server."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    DateTime,
    Engine,
    ForeignKey,
    MetaData,
    Table,
    Uuid,
    create_engine,
    event,
    exists,
    select,
)
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from pgwright_runtime._locks import lock_key, try_lock
from pgwright_runtime.retention import LegalHold, Retention
from pgwright_runtime.retention.partitions import NotPartitioned, PartitionReport, Partitions
from runtime.tests.support.partitioned import (
    EVENTS,
    NOW,
    attached,
    events_table,
    month,
    running_load,
    watched_locks,
)
from tests.support.database import Database

LOCK = 'partitions "events"'


@pytest.fixture
def engine(database: Database) -> Iterator[Engine]:
    engine = create_engine(database.url("psycopg"))
    yield engine
    engine.dispose()


def policy(**options: Any) -> Partitions:
    return Partitions(**{"table": events_table(), "column": "created_at", "every": "month", **options})


def months(database: Database, *numbers: int) -> None:
    database.execute(";".join([EVENTS, *(month(number) for number in numbers)]))


def test_makes_the_months_that_come_and_drops_those_that_are_over(database: Database, engine: Engine) -> None:
    months(database, 1, 2, 3, 4, 5)
    report = policy(keep=timedelta(days=60), ahead=2).run(engine, now=NOW)
    assert report.created == ['"public"."events_2026_06"', '"public"."events_2026_07"']
    assert report.detached == report.dropped == ['"public"."events_2026_01"', '"public"."events_2026_02"']
    assert not report.left
    assert list(attached(database)) == [f"events_2026_0{number}" for number in (3, 4, 5, 6, 7)]
    assert attached(database)["events_2026_07"] == "FROM ('2026-07-01 00:00:00+00') TO ('2026-08-01 00:00:00+00')"
    assert database.rows("SELECT to_regclass('events_2026_01')") == [(None,)]
    again = policy(keep=timedelta(days=60), ahead=2).run(engine, now=NOW)
    assert again == PartitionReport('"public"."events"')


def test_a_plan_says_what_a_run_would_do_and_leaves_no_setting(database: Database, engine: Engine) -> None:
    months(database, 1, 4)
    with engine.begin() as connection:
        connection.exec_driver_sql("SET LOCAL TimeZone = 'Asia/Tokyo'")
        plan = policy(keep=timedelta(days=60), ahead=1).plan(connection, now=NOW)
        assert connection.exec_driver_sql("SHOW TimeZone").scalar_one() == "Asia/Tokyo"
    assert [str(one) for one in plan.detach] == ['"public"."events_2026_01"']
    # March is not over for 60 days, and rows of it may still come.
    assert [one.name for one in plan.create] == ["events_2026_03", "events_2026_05", "events_2026_06"]
    assert plan.lines[-1] == 'detach "public"."events_2026_01", which ends at 2026-02-01 00:00:00, and drop it'
    assert list(attached(database)) == ["events_2026_01", "events_2026_04"]


def test_async_engines_run_the_same(database: Database) -> None:
    months(database, 1, 5)

    async def run() -> list[str]:
        engine = create_async_engine(database.url("asyncpg"))
        report = await policy(keep=timedelta(days=30), ahead=1).run(engine, now=NOW)
        await engine.dispose()
        return [*report.created, *report.dropped]

    made = asyncio.run(run())
    assert made == ['"public"."events_2026_04"', '"public"."events_2026_06"', '"public"."events_2026_01"']


@pytest.mark.pg(">= 14")
def test_neither_readers_nor_writers_are_stopped(database: Database, engine: Engine) -> None:
    months(database, 1, 2, 3, 4, 5)
    with watched_locks(database, "events") as watch:
        for later in range(6):
            policy(keep=timedelta(days=60), ahead=2).run(engine, now=NOW + timedelta(days=30 * later))
    assert watch.modes["events"] == {"AccessShareLock", "ShareUpdateExclusiveLock"}


def test_a_long_transaction_holds_up_the_run_alone(database: Database, engine: Engine) -> None:
    months(database, 1, 5)
    with psycopg.connect(database.dsn) as reader:
        reader.execute("SELECT count(*) FROM events")
        report = policy(keep=timedelta(days=60), ahead=0).run(engine, now=NOW, tries=1, wait_ms=50)
        assert "pid" in report.left['"public"."events_2026_01"']
        # Nobody waits behind it: another reader is served at once.
        with psycopg.connect(database.dsn, options="-c lock_timeout=50ms") as other:
            other.execute("SELECT count(*) FROM events")
            other.execute("INSERT INTO events (created_at) VALUES ('2026-05-03')")
    report = policy(keep=timedelta(days=60), ahead=0).run(engine, now=NOW)
    assert report.dropped == ['"public"."events_2026_01"']


def test_a_table_detached_by_a_run_that_was_killed_is_dropped(database: Database, engine: Engine) -> None:
    months(database, 1, 2, 5)
    kept = policy(keep=timedelta(days=60), drop=False).run(engine, now=NOW)
    assert kept.dropped == []
    mark = 'pgwright: detached from "public"."events", to be dropped'
    database.execute(f"COMMENT ON TABLE events_2026_01 IS '{mark}'")
    assert policy(keep=timedelta(days=60)).run(engine, now=NOW).dropped == ['"public"."events_2026_01"']
    assert database.rows("SELECT to_regclass('events_2026_02')::text") == [("events_2026_02",)]


@pytest.mark.parametrize("statement", range(1, 40))
def test_a_run_that_ends_before_any_statement_is_completed_by_the_next(
    database: Database, engine: Engine, statement: int
) -> None:
    months(database, 1, 5)
    left = statement

    def end(*_: Any) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            raise KeyboardInterrupt

    event.listen(engine, "before_cursor_execute", end)
    with suppress(KeyboardInterrupt):
        policy(keep=timedelta(days=60), ahead=1).run(engine, now=NOW)
    event.remove(engine, "before_cursor_execute", end)
    # The server ends the session of a connection that was broken off, and with it the lock, when it notices.
    database.rows(f"SELECT pg_advisory_xact_lock({lock_key(LOCK)})")
    report = policy(keep=timedelta(days=60), ahead=1).run(engine, now=NOW)
    assert not report.left
    assert list(attached(database)) == ["events_2026_03", "events_2026_04", "events_2026_05", "events_2026_06"]
    assert database.rows("SELECT to_regclass('events_2026_01')") == [(None,)]


def test_two_runs_never_work_on_one_table(database: Database, engine: Engine) -> None:
    months(database, 5)
    with try_lock(engine, LOCK):
        assert policy().run(engine, now=NOW).is_busy


def test_a_partition_with_rows_on_hold_stays(database: Database, engine: Engine) -> None:
    months(database, 1, 2, 5)
    database.execute("""
        CREATE TABLE holds (event_id uuid);
        INSERT INTO events (created_at, body) VALUES ('2026-01-05', 'kept'), ('2026-02-05', 'not');
        INSERT INTO holds SELECT id FROM events WHERE body = 'kept'
    """)
    table = events_table()
    holds = Table("holds", MetaData(), Column("event_id", Uuid))
    held = exists(select(holds.c.event_id).where(holds.c.event_id == table.c.id))
    report = policy(table=table, keep=timedelta(days=60), ahead=0, held=held).run(engine, now=NOW)
    assert report.left == {'"public"."events_2026_01"': "it has rows on hold"}
    assert report.dropped == ['"public"."events_2026_02"']


def test_a_partition_to_which_rows_refer_stays(database: Database, engine: Engine) -> None:
    months(database, 1, 2, 5)
    database.execute("""
        CREATE TABLE notes (event_id uuid, at timestamptz, FOREIGN KEY (event_id, at) REFERENCES events);
        INSERT INTO events (created_at) VALUES ('2026-01-05'), ('2026-02-05');
        INSERT INTO notes SELECT id, created_at FROM events WHERE created_at < '2026-02-01'
    """)
    report = policy(keep=timedelta(days=60), ahead=0).run(engine, now=NOW)
    assert "rows refer to its rows" in report.left['"public"."events_2026_01"']
    assert "foreign keys refer to" in report.notes[0]
    assert report.dropped == ['"public"."events_2026_02"']
    assert database.rows("SELECT obj_description('events_2026_01'::regclass)") == [(None,)]


def test_never_drops_all_that_there_is(database: Database, engine: Engine) -> None:
    months(database, 1, 2)
    report = policy(keep=timedelta(days=60), ahead=0).run(engine, now=datetime(2126, 1, 1, tzinfo=UTC))
    assert "Is the clock right?" in report.notes[0]
    assert report.created == report.dropped == []


@pytest.mark.parametrize(
    ("every", "zone", "bounds"),
    [
        ("day", "UTC", "FROM ('2026-05-17 00:00:00+00') TO ('2026-05-18 00:00:00+00')"),
        ("day", "Europe/Berlin", "FROM ('2026-05-16 22:00:00+00') TO ('2026-05-17 22:00:00+00')"),
        ("week", "UTC", "FROM ('2026-05-11 00:00:00+00') TO ('2026-05-18 00:00:00+00')"),
        ("year", "Asia/Tokyo", "FROM ('2025-12-31 15:00:00+00') TO ('2026-12-31 15:00:00+00')"),
        (timedelta(hours=6), "UTC", "FROM ('2026-05-17 12:00:00+00') TO ('2026-05-17 18:00:00+00')"),
    ],
)
def test_the_first_partition_of_a_table(database: Database, engine: Engine, every: Any, zone: str, bounds: str) -> None:
    database.execute(EVENTS)
    policy(every=every, zone=zone, ahead=0).run(engine, now=NOW)
    assert list(attached(database).values()) == [bounds]


@pytest.mark.parametrize(
    ("sql_type", "column", "bound"),
    [
        ("timestamp", DateTime(), "FROM ('2026-05-01 00:00:00') TO ('2026-06-01 00:00:00')"),
        ("date", Date(), "FROM ('2026-05-01') TO ('2026-06-01')"),
        ("bigint", BigInteger(), "FROM ('1777593600') TO ('1780272000')"),
        ("uuid", Uuid(), "FROM ('019de0d5-c800-0000-0000-000000000000') TO ('019e807a-ec00-0000-0000-000000000000')"),
    ],
)
def test_keys_of_other_types(database: Database, engine: Engine, sql_type: str, column: Any, bound: str) -> None:
    database.execute(f'CREATE TABLE "Log %" (at {sql_type}) PARTITION BY RANGE (at)')
    table = Table("Log %", MetaData(), Column("at", column), schema="public")
    log = Partitions(table, "at", every="month", keep=timedelta(days=40), ahead=0)
    assert log.run(engine, now=NOW).created == ['"public"."Log %_p2026_05"']
    assert attached(database, '"Log %"') == {"Log %_p2026_05": bound}
    log.run(engine, now=NOW + timedelta(days=30))
    later = log.run(engine, now=NOW + timedelta(days=60))
    assert later.dropped == ['"public"."Log %_p2026_05"']


def test_weeks_go_on_at_the_weekday_of_those_that_exist(database: Database, engine: Engine) -> None:
    sunday = "PARTITION OF events FOR VALUES FROM ('2026-05-10 00:00+00') TO ('2026-05-17 00:00+00')"
    database.execute(f"{EVENTS}; CREATE TABLE events_20260510 {sunday}")
    policy(every="week", ahead=1).run(engine, now=NOW)
    assert attached(database)["events_20260517"] == "FROM ('2026-05-17 00:00:00+00') TO ('2026-05-24 00:00:00+00')"


def test_a_new_partition_is_like_its_parent_and_its_siblings(database: Database, engine: Engine) -> None:
    database.execute(EVENTS.replace("body text", "body text, number int GENERATED ALWAYS AS IDENTITY"))
    database.execute(month(5))
    database.execute("""
        DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'events_reader') THEN
            CREATE ROLE events_reader; CREATE ROLE events_owner; END IF; END $$;
        ALTER TABLE events ALTER body SET DEFAULT 'none', ADD CONSTRAINT short CHECK (length(body) < 99);
        ALTER TABLE events OWNER TO events_owner;
        GRANT SELECT, INSERT (body) ON events TO events_reader;
        ALTER TABLE events ENABLE ROW LEVEL SECURITY;
        CREATE POLICY mine ON events FOR SELECT TO events_reader USING (body <> 'secret');
        CREATE UNIQUE INDEX events_identity ON events (id, created_at);
        ALTER TABLE events REPLICA IDENTITY USING INDEX events_identity;
        ALTER TABLE events_2026_05 SET (autovacuum_vacuum_scale_factor = 0.01, fillfactor = 90)
    """)
    report = policy(ahead=1).run(engine, now=NOW)
    assert not report.left
    looks = """
        SELECT relowner::regrole::text, relrowsecurity, relreplident::text, reloptions,
            (SELECT count(*) FROM pg_policy p WHERE p.polrelid = c.oid),
            has_table_privilege('events_reader', c.oid, 'SELECT'),
            has_column_privilege('events_reader', c.oid, 'body', 'INSERT'),
            (SELECT count(*) FROM pg_index i WHERE i.indrelid = c.oid),
            (SELECT count(*) FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype IN ('c', 'p'))
        FROM pg_class c WHERE c.relname = 'events_2026_06'
    """
    options = ["autovacuum_vacuum_scale_factor=0.01", "fillfactor=90"]
    assert database.rows(looks) == [("events_owner", True, "i", options, 1, True, True, 3, 2)]
    database.execute("INSERT INTO events (created_at) VALUES ('2026-06-02')")
    assert database.rows("SELECT number, body FROM events_2026_06") == [(1, "none")]
    database.execute("DROP TABLE events")


def test_names_that_are_long_or_taken(database: Database, engine: Engine) -> None:
    name = "é" * 30
    database.execute(f"""
        CREATE TABLE "{name}" (created_at timestamptz NOT NULL) PARTITION BY RANGE (created_at);
        {EVENTS}; {month(5)}; CREATE TABLE events_2026_06 ()
    """)
    table = Table(name, MetaData(), Column("created_at", DateTime(timezone=True)))
    assert not Partitions(table, "created_at", every="month", ahead=20).run(engine, now=NOW).left
    assert len(attached(database, f'"{name}"')) == 21
    assert policy(ahead=1).run(engine, now=NOW).created == ['"public"."events_2026_06_2"']


def test_says_why_a_table_cannot_be_kept(database: Database, engine: Engine) -> None:
    database.execute("CREATE TABLE events (id int, created_at timestamptz NOT NULL, body text)")
    with pytest.raises(NotPartitioned, match=r"is not partitioned\. To convert it"):
        policy().run(engine)
    database.execute("DROP TABLE events; CREATE TABLE events (id int, created_at timestamptz) PARTITION BY RANGE (id)")
    with pytest.raises(NotPartitioned, match="by ranges of the column 'created_at' alone"):
        policy().run(engine)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"every": "fortnight"}, "no period"),
        ({"every": timedelta(0)}, "no period"),
        ({"keep": timedelta(0)}, "keeps nothing"),
        ({"ahead": -1}, "below 0"),
        ({"column": "nothing"}, "no column 'nothing'"),
    ],
)
def test_refuses_what_makes_no_policy(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        policy(**options)


def test_a_load_sees_no_error_and_misses_no_row(database: Database, engine: Engine) -> None:
    months(database, 1, 2, 3, 4, 5)
    with running_load(database, "2026-05-04") as load:
        for later in range(4):
            policy(keep=timedelta(days=60), ahead=2).run(engine, now=NOW + timedelta(days=10 * later))
    assert load.written


class Base(DeclarativeBase):
    pass


class Person(Base):
    __tablename__ = "people"
    id: Mapped[int] = mapped_column(primary_key=True)
    on_hold: Mapped[bool]


class Visit(Base):
    __tablename__ = "visits"
    __table_args__ = ({"postgresql_partition_by": "RANGE (at)"},)
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))


@pytest.mark.parametrize("of", ["rows", "subjects"])
def test_a_retention_runs_it_and_its_holds_hold_here_too(database: Database, engine: Engine, of: str) -> None:
    Base.metadata.create_all(engine)
    Partitions(Visit, "at", every="month", ahead=0).run(engine)
    database.execute(f"{month(1, 'visits')}; {month(2, 'visits')}")
    database.execute("INSERT INTO people VALUES (1, true), (2, false)")
    database.execute("INSERT INTO visits VALUES (1, '2026-01-03', 1), (2, '2026-02-03', 2)")
    of_people = LegalHold(Person, Person.on_hold, "dispute", covers_below=True)
    hold = LegalHold(Visit, Visit.id == 1, "audit") if of == "rows" else of_people
    visits = Partitions(Visit, "at", every="month", keep=timedelta(days=60), ahead=0)
    retention = Retention([visits], holds=[hold])
    (plan,) = retention.plan(engine).partitions
    assert [one.relation.name for one in plan.detach] == ["visits_2026_01", "visits_2026_02"]
    (report,) = retention.run(engine).partitions
    assert report.left == {'"public"."visits_2026_01"': "it has rows on hold"}
    assert report.dropped == ['"public"."visits_2026_02"']
