"""What a role may not see stands in the report, and makes no finding: roles × versions × what hides it.

Each cell reads one database as one role and compares with what a superuser reads there, before anything was hidden.
A subject is lost where the snapshot holds less and no entry of `not_examined` names it; a finding is false where the
superuser's report has it not, or less badly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo
from query_bars.figures import Figure, at_least, at_most

from pgwright.advisor.goal import Goal
from pgwright.database import Limits, limited
from pgwright.embedded import EmbeddedServer, Programs, run_server, wheel_programs
from pgwright.embedded.discovery import find_programs
from pgwright.model.finding import Diagnosis
from pgwright.model.snapshot import Snapshot
from pgwright.pipeline import check
from pgwright.snapshot import read_snapshot

BINARIES = Path(__file__).parents[2] / "build" / "postgres"
EMBEDDED = 18
SETTINGS = {"shared_preload_libraries": "pg_stat_statements", "autovacuum": "off"}
_READ_ALL_SINCE = 14
# Lower than a query takes that has to wait for a lock or a sleep.
USUAL = Limits()
SHORT = Limits(statement_timeout_ms=1_500, lock_timeout_ms=300)

SCHEMA = """
CREATE SCHEMA extensions; CREATE EXTENSION pg_stat_statements SCHEMA extensions;
CREATE ROLE owner; CREATE ROLE app LOGIN; CREATE SCHEMA shop AUTHORIZATION owner;
SET ROLE owner;
CREATE TABLE shop.users (id text PRIMARY KEY, tenant int, deleted_at timestamptz);
CREATE TABLE shop.orders (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, user_id text REFERENCES shop.users,
    a int, b int);
CREATE TABLE shop.events (id int, at date, user_id text) PARTITION BY RANGE (at);
CREATE TABLE shop.events_1 PARTITION OF shop.events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE shop.events_2 PARTITION OF shop.events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE INDEX ON shop.orders (user_id); CREATE INDEX ON shop.orders (lower(user_id));
CREATE INDEX ON shop.events (user_id);
CREATE STATISTICS shop.orders_ab ON a, b FROM shop.orders;
INSERT INTO shop.users SELECT gen_random_uuid(), i % 9, '2020-01-01' FROM generate_series(1, 3000) i;
INSERT INTO shop.orders (user_id, a, b) SELECT id, tenant, tenant FROM shop.users;
INSERT INTO shop.events SELECT 1, '2026-02-01', id FROM shop.users;
INSERT INTO shop.events SELECT 1, '2025-02-01', id FROM shop.users;
RESET ROLE;
GRANT USAGE ON SCHEMA shop TO app; GRANT SELECT ON ALL TABLES IN SCHEMA shop TO app;
ANALYZE;
"""
WORKLOAD = (
    "SELECT count(*) FROM shop.orders WHERE a = 3",
    "SELECT id FROM shop.users WHERE tenant = 3 AND deleted_at IS NULL ORDER BY id LIMIT 5",
    "SELECT user_id FROM shop.events WHERE at = '2026-02-01' AND id = 7",
)
Parts = Mapping[str, set[object]]


@dataclass(frozen=True)
class Situation:
    name: str
    before: str = ""
    after: str = ""
    lock: str = ""
    limits: Limits = USUAL
    deadline: float | None = None
    """Of the advisor, in seconds; None: it is not asked."""


SITUATIONS = (
    Situation("nothing", "GRANT USAGE ON SCHEMA extensions TO PUBLIC", "REVOKE USAGE ON SCHEMA extensions FROM PUBLIC"),
    Situation(
        "row-level security",
        "ALTER TABLE shop.users ENABLE ROW LEVEL SECURITY; CREATE POLICY own ON shop.users USING (tenant = 1)",
        "DROP POLICY own ON shop.users; ALTER TABLE shop.users DISABLE ROW LEVEL SECURITY",
    ),
    Situation("schema extensions closed"),
    Situation(
        "counting is off",
        "ALTER DATABASE shop SET pg_stat_statements.track = none; GRANT USAGE ON SCHEMA extensions TO PUBLIC",
        "ALTER DATABASE shop RESET pg_stat_statements.track; REVOKE USAGE ON SCHEMA extensions FROM PUBLIC",
    ),
    Situation("a table is locked", lock="shop.orders", limits=SHORT),
    Situation("a partition is locked", lock="shop.events_1", limits=SHORT),
    Situation("the advisor's deadline", deadline=0.1),
)


def _roles(major: int) -> dict[str, tuple[str, ...]]:
    some = ("GRANT USAGE ON SCHEMA shop TO reader", "GRANT SELECT ON ALL TABLES IN SCHEMA shop TO reader")
    every = ("GRANT pg_read_all_data TO reader",) if major >= _READ_ALL_SINCE else some
    return {
        "bare": (),
        "monitor": ("GRANT pg_monitor TO reader",),
        "monitor, reads all": ("GRANT pg_monitor TO reader", *every),
        "owner": ("GRANT owner TO reader",),
        "superuser": ("ALTER ROLE reader SUPERUSER",),
    }


def measure() -> Iterator[Figure]:
    """Yield the cells in which something was lost in silence, and the findings that this made."""
    lost: list[str] = []
    false: list[str] = []
    cells = 0
    for major, programs in _versions():
        with run_server(settings=SETTINGS, programs=programs) as server:
            server.create_database("shop")
            _run(server, SCHEMA)
            for query in WORKLOAD * 20:
                _run(server, query, user="app")
            whole = _read(server, "postgres", Situation("whole", deadline=60.0))
            for role, grants in _roles(major).items():
                for situation in SITUATIONS:
                    cells += 1
                    cell = f"{major}, {role}, {situation.name}"
                    told, found = _cell(server, grants, situation, whole)
                    for what in (*told, *found):
                        print(f"    {cell}: {what}", flush=True)
                    lost += told
                    false += found
    yield at_least("cells: role × version × situation", float(cells), "", 35)
    yield at_most("lost subjects that the report does not name", float(len(lost)), "", 0)
    yield at_most("false findings caused by what was hidden", float(len(false)), "", 0)


@dataclass(frozen=True)
class _Report:
    snapshot: Snapshot
    diagnosis: Diagnosis


def _cell(
    server: EmbeddedServer, grants: tuple[str, ...], situation: Situation, whole: _Report
) -> tuple[list[str], list[str]]:
    """Return what was lost in silence, and the false findings, of one cell."""
    with ExitStack() as stack:
        _run(server, "CREATE ROLE reader LOGIN")
        stack.callback(_run, server, "DROP OWNED BY reader; DROP ROLE reader")
        for statement in (*grants, *filter(None, [situation.before])):
            _run(server, statement)
        if situation.after:
            stack.callback(_run, server, situation.after)
        if situation.lock:
            other = stack.enter_context(psycopg.connect(server.dsn("shop")))
            other.execute(f"LOCK TABLE {situation.lock} IN ACCESS EXCLUSIVE MODE".encode())
        seen = _read(server, "reader", situation)
    return list(_lost(whole, seen, situation)), list(_false(whole, seen))


def _read(server: EmbeddedServer, user: str, situation: Situation) -> _Report:
    with limited(situation.limits):
        snapshot = read_snapshot(make_conninfo(server.dsn("shop"), user=user))
    deadline = situation.deadline
    goal = Goal() if deadline is None else Goal(deadline_seconds=deadline)
    return _Report(snapshot, check(snapshot, with_advice=deadline is not None, goal=goal))


_HELD: Mapping[str, Callable[[Snapshot], set[object]]] = {
    "tables": lambda one: {table.name for table in one.tables},
    "indexes": lambda one: {index.name for index in one.indexes},
    "foreign_keys": lambda one: {(key.table, key.name) for key in one.foreign_keys},
    "sequences": lambda one: {sequence.name for sequence in one.sequences if sequence.last_value is not None},
    "statistics": lambda one: {(row.relation, row.column) for row in one.statistics},
    "extended_statistics": lambda one: {row.name for row in one.extended_statistics if row.is_readable},
    "statements": lambda one: {row.text for row in one.statements if "shop." in row.text and row.role == "app"},
    "schema_sql": lambda one: {line for line in one.schema_sql.splitlines() if line.startswith("CREATE TABLE")},
}
# By what an entry tells of it that says nothing of parts: the statements hidden, those of today.
_BY_WORDS = {"statements": ("statement", "workload", "what runs now")}


def _lost(whole: _Report, seen: _Report, situation: Situation) -> Iterator[str]:
    entries = seen.diagnosis.not_examined
    for part, held in _HELD.items():
        if held(whole.snapshot) - held(seen.snapshot):
            words = _BY_WORDS.get(part, ())
            is_told = any(part in one.parts or any(word in one.what for word in words) for one in entries)
            if not is_told:
                yield part
    unread = seen.snapshot.unread_statements.count
    for score in seen.diagnosis.scorecard:
        shares = [one.share for one in score.looked_at if one.of == "the statements' time"]
        if unread and shares and shares[0] >= 1:
            yield f"the score of {score.subject} does not say that {unread} statements were hidden"
    if situation.name == "counting is off" and not any("what runs now" in one.what for one in entries):
        yield "that nothing is counted"
    if situation.deadline is not None and _advised(whole) - _advised(seen):
        said = [f"{one.what}, {one.reason}, {', '.join(one.checks)}" for one in entries]
        if not any(word in text for text in said for word in ("missing-index", "advis", "deadline")):
            yield "what the advisor had no time for"


def _advised(report: _Report) -> set[str]:
    return {one.key for one in report.diagnosis.findings if one.check == "missing-index"}


def _false(whole: _Report, seen: _Report) -> Iterator[str]:
    known = {one.key: one.badness for one in whole.diagnosis.findings}
    for one in seen.diagnosis.findings:
        # Those of the role, of the workload of the moment, and of the advisor are not about what was hidden.
        if one.subject in ("security", "settings", "connections") or one.check == "missing-index":
            continue
        if one.key not in known or one.badness < known[one.key]:
            yield one.key


def _run(server: EmbeddedServer, statements: str, user: str = "postgres") -> None:
    with psycopg.connect(make_conninfo(server.dsn("shop"), user=user), autocommit=True) as connection:
        for statement in statements.split("; ") if "\n" not in statements else [statements]:
            connection.execute(statement.encode())


def _versions() -> Iterator[tuple[int, Programs]]:
    """Yield every major version of which there are programs."""
    for folder in sorted(BINARIES.glob("[0-9]*")):
        programs, _ = find_programs(int(folder.name), named=BINARIES)
        if programs is not None:
            yield int(folder.name), programs
    yield EMBEDDED, wheel_programs()
