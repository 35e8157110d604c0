"""Load an app of the corpus, and send its traffic as its own role: the counters then hold it as in production."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from random import Random

import psycopg
from psycopg import sql
from psycopg.adapt import Buffer, Dumper
from psycopg.conninfo import make_conninfo

from pgwright import pipeline
from pgwright.model.snapshot import Snapshot
from tests.support.corpus import App, Call
from tests.support.database import Database

# So that what is rare shows too: as if the tables' counters had counted since then.
_COUNTED_SINCE = "2020-01-01 00:00:00+00"
_STATEMENT_TIMEOUT = "30s"


class _Inferred(Dumper):
    """Sends a number as text of no type, so that the server infers one, as asyncpg does."""

    def dump(self, obj: int) -> Buffer:
        return str(obj).encode()


@dataclass
class Sent:
    """What came of a stretch of traffic, by the place of the call in the app's workload."""

    milliseconds: dict[int, list[float]] = field(default_factory=dict)
    errors: dict[int, str] = field(default_factory=dict)
    """The first error of each call that failed."""
    query_ids: dict[int, int] = field(default_factory=dict)


def load(database: Database, app: App) -> None:
    """Make the schema, its rows and the role of the app; nothing of this is in the counters."""
    make_schema(database, app)
    with _session(database.dsn) as connection:
        connection.execute(app.rows.encode())
        connection.execute("SELECT pg_stat_force_next_flush()")
    forget(database, app)


def make_schema(database: Database, app: App) -> None:
    """Make the schema and the role of the app, without a row."""
    with _session(database.dsn) as connection:
        connection.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
        connection.execute(app.schema.encode())
        _require_role(connection, app)


def _require_role(connection: psycopg.Connection, app: App) -> None:
    role = sql.Identifier(app.role)
    with suppress(psycopg.errors.DuplicateObject):
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(role))
    connection.execute(sql.SQL("ALTER ROLE {} SET statement_timeout = {}").format(role, _STATEMENT_TIMEOUT))
    connection.execute(
        sql.SQL("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {}").format(role)
    )
    connection.execute(sql.SQL("GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {}").format(role))


def forget(database: Database, app: App) -> None:
    """Let all counters begin anew, with fresh statistics of all tables but those that nobody analyzes."""
    with _session(database.dsn) as connection:
        connection.execute(
            "SELECT pg_stat_reset_single_table_counters(c.oid) FROM pg_class c"
            " LEFT JOIN pg_index i ON i.indexrelid = c.oid"
            " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'i')"
            " AND coalesce(i.indrelid, c.oid)::regclass::text <> ALL (%s)",
            (list(app.not_analyzed),),
        )
        tables = connection.execute(
            "SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')"
            " AND c.relname <> ALL (%s)",
            (list(app.not_analyzed),),
        ).fetchall()
        names = sql.SQL(", ").join(sql.Identifier("public", name) for (name,) in tables)
        connection.execute(sql.SQL("VACUUM (ANALYZE) {}").format(names))
        connection.execute(
            "SELECT pg_stat_statements_reset(0, oid, 0) FROM pg_database WHERE datname = current_database()"
        )


def send(database: Database, app: App, lap: int) -> Sent:
    """Send the app's traffic once; another lap has other values, the same lap the same."""
    sent = Sent()
    with _app_session(database, app) as connection, _session(database.dsn) as observer:
        for place, call in enumerate(app.calls):
            for number in range(call.times):
                seed = f"{lap}:{place}:{number}"
                look = _looking(observer, connection, sent, place) if number == 0 else None
                try:
                    taken = _send(connection, app, call, seed, look)
                except psycopg.Error as error:
                    sent.errors.setdefault(place, str(error).splitlines()[0])
                else:
                    sent.milliseconds.setdefault(place, []).append(taken)
        connection.execute("SELECT pg_stat_force_next_flush()")
    return sent


def send_in_turn(databases: Sequence[Database], app: App, lap: int, *, places: Sequence[int]) -> list[Sent]:
    """Send each call to one database after the other, with the same values, so that noise disturbs all alike."""
    found = [Sent() for _ in databases]
    with ExitStack() as stack:
        connections = [stack.enter_context(_app_session(database, app)) for database in databases]
        for place in places:
            call = app.calls[place]
            for number in range(call.times):
                # Whoever comes first fills the caches for the others, so all take that place.
                order = [(number + step) % len(databases) for step in range(len(databases))]
                for which in order:
                    try:
                        taken = _send(connections[which], app, call, f"{lap}:{place}:{number}", None)
                    except psycopg.Error as error:
                        found[which].errors.setdefault(place, str(error).splitlines()[0])
                    else:
                        found[which].milliseconds.setdefault(place, []).append(taken)
    return found


def observed(database: Database, app: App) -> Snapshot:
    """Return a snapshot as production would give it: the traffic in its own time, counters that are old enough."""
    snapshot = pipeline.take_snapshot(database.dsn)
    server = replace(snapshot.server, statistics_reset_at=_COUNTED_SINCE)
    return replace(snapshot, server=server, observed_seconds=app.observed_seconds)


def _send(connection: psycopg.Connection, app: App, call: Call, seed: str, look: Callable[[], None] | None) -> float:
    """Send one call, in a transaction where the app begins one, and return its milliseconds."""
    with connection.transaction():
        if app.begin is not None:
            connection.execute(*_bytes(app.begin(Random(seed))))
        values = call.values(Random(seed))
        started = time.perf_counter()
        cursor = connection.execute(call.sql.encode(), values)
        if cursor.description is not None:
            cursor.fetchall()
        taken = (time.perf_counter() - started) * 1000
        if look is not None:
            look()
    return taken


def _bytes(statement: tuple[str, Sequence[object]]) -> tuple[bytes, Sequence[object]]:
    return statement[0].encode(), statement[1]


def _looking(
    observer: psycopg.Connection, connection: psycopg.Connection, sent: Sent, place: int
) -> Callable[[], None]:
    """Return what notes the id under which pg_stat_statements has the call."""

    def look() -> None:
        row = observer.execute(
            "SELECT query_id FROM pg_stat_activity WHERE pid = %s", (connection.info.backend_pid,)
        ).fetchone()
        if row is not None and row[0] is not None:
            sent.query_ids[place] = row[0]

    return look


@contextmanager
def _session(dsn: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(dsn, autocommit=True) as connection:
        yield connection


@contextmanager
def _app_session(database: Database, app: App) -> Iterator[psycopg.Connection]:
    with psycopg.connect(make_conninfo(database.dsn, user=app.role), autocommit=True) as connection:
        connection.prepare_threshold = None
        connection.adapters.register_dumper(int, _Inferred)
        yield connection
