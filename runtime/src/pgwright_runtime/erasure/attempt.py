"""One attempt at an erasure, in its transaction."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from sqlalchemy import Connection, Engine, Text, cast, column, exc, func, select, table, text
from sqlalchemy.util import await_only

from pgwright_runtime._locks import wait_for_lock
from pgwright_runtime._secrets import Secrets
from pgwright_runtime.erasure.catalog import read_catalog, read_copies, read_telling_columns, relation_of
from pgwright_runtime.erasure.changing import change, count_changes, remove
from pgwright_runtime.erasure.collecting import Collection, counts, settle
from pgwright_runtime.erasure.coverage import uncovered
from pgwright_runtime.erasure.declaration import Erasure
from pgwright_runtime.erasure.edges import edges_of
from pgwright_runtime.erasure.errors import ErasureFailed, ErasureStopped
from pgwright_runtime.erasure.graph import Graph, build_graph
from pgwright_runtime.erasure.holding import holding
from pgwright_runtime.erasure.ledger import ErasedList, has_table, is_listed, listed, person_hashes, record
from pgwright_runtime.erasure.outcome import Erased, ErasureOutcome
from pgwright_runtime.erasure.plans import scans
from pgwright_runtime.erasure.stops import Stop
from pgwright_runtime.erasure.tally import tally

Told = Callable[[str], object]
"""Called with what is being done."""

_LOCK_WAIT = "10s"
_SETTINGS = {
    # Along indexes, from the person's rows to what hangs on them; foreign keys' own statements too.
    "enable_seqscan": "off", "enable_hashjoin": "off", "enable_mergejoin": "off", "jit": "off",
    "max_parallel_workers_per_gather": "0",
    "lock_timeout": _LOCK_WAIT, "statement_timeout": "0", "idle_in_transaction_session_timeout": "0",
}  # fmt: skip
_SET = text("SELECT set_config(:name, :value, true)")
_NO_LOCK = frozenset({"55P03", "40P01", "40001"})


@dataclass(frozen=True)
class ErasureAttempt:
    """Whom to erase, or only to count, and within which limits."""

    erasure: Erasure
    key: tuple[str, ...]
    secret: Secrets | None
    erased_list: ErasedList | None
    allow_scan: bool
    most_rows: int
    told: Told
    is_dry: bool

    @property
    def is_real(self) -> bool:
        return not self.is_dry


def erase_one(engine: Engine, order: ErasureAttempt) -> ErasureOutcome:
    """Erase a person, and tell caches. Raises: ErasureStopped, ErasureFailed."""
    outcome, key = attempt(engine, order)
    if outcome.status == "stopped":
        raise ErasureStopped(outcome)
    if outcome.status != "erased":
        return outcome
    tables = tuple(one.table for one in outcome.tables if one.deleted or one.anonymised or one.unlinked)
    return replace(outcome, notes=(*outcome.notes, *_tell_others(order.erasure, Erased(outcome.subject, key, tables))))


def _tell_others(erasure: Erasure, erased: Erased) -> Iterator[str]:
    """Call what has to know; the rows are gone, so what fails is told, and the rest is called."""
    for callback in erasure.on_erased:
        try:
            waiting = callback(erased)
            if hasattr(waiting, "__await__"):
                await_only(waiting)
        except Exception as error:  # noqa: BLE001 - the app's own code
            name = getattr(callback, "__name__", type(callback).__name__)
            yield f"{name} failed ({type(error).__name__}): what it should have forgotten may still be there"


def attempt(engine: Engine, order: ErasureAttempt) -> tuple[ErasureOutcome, tuple[str, ...]]:
    """Return what came of it, and the key as the server writes it; stops are in the outcome."""
    started = time.monotonic()
    try:
        with transaction(engine, order) as connection:
            outcome, key = _within(connection, order)
            if outcome.status == "erased":
                connection.commit()
    except exc.DBAPIError as error:
        state = getattr(error.orig, "sqlstate", None) or getattr(error.orig, "pgcode", None)
        if state not in _NO_LOCK:
            raise
        raise ErasureFailed(
            f"others hold rows of the person, and did not let go within {_LOCK_WAIT} ({state}); nothing was erased. "
            "Run it again"
        ) from None
    return replace(outcome, seconds=round(time.monotonic() - started, 3)), key


@contextmanager
def transaction(engine: Engine, order: ErasureAttempt) -> Iterator[Connection]:
    """Open the transaction; it is rolled back unless it was committed."""
    # To erase, each statement has to see what was committed while it waited for a lock.
    level = "REPEATABLE READ" if order.is_dry else "READ COMMITTED"
    with engine.connect().execution_options(isolation_level=level, preserve_rowcount=True) as connection:
        for name, value in _SETTINGS.items():
            connection.execute(_SET, {"name": name, "value": value})
        yield connection
        connection.rollback()


def _within(connection: Connection, order: ErasureAttempt) -> tuple[ErasureOutcome, tuple[str, ...]]:
    graph, stops = read_graph(connection, order)
    outcome = ErasureOutcome(
        "stopped", graph.subject.fullname, "", connection.execute(select(func.now())).scalar_one().isoformat(),
        str(connection.execute(text("SHOW server_version")).scalar_one()), stops=tuple(stops),
    )  # fmt: skip
    if stops:
        return outcome, ()
    collection, missing = unserved(connection, graph, order)
    if missing:
        return replace(outcome, stops=tuple(missing)), ()
    key = collection.find_person(connection, order.key)
    hashes = person_hashes(graph.subject.fullname, key, order.secret) if order.secret is not None else []
    outcome = replace(outcome, person=hashes[0] if hashes else "", copies=read_copies(connection, graph.tables))
    if order.is_real:  # a second erasure waits for the first one, also where the person has no row any more
        wait_for_lock(connection, f"erasure:{graph.subject.fullname}:{'/'.join(key)}")
    collection.find_all(connection, order.told)
    settle(connection, collection)
    found = counts(connection, collection)
    if blocking := [*holding(connection, collection, order.erasure), *_too_many(graph, sum(found.values()), order)]:
        return replace(outcome, stops=tuple(blocking)), key
    if order.is_dry:
        tables = tally(collection, found, count_changes(connection, collection))
        outcome = replace(outcome, status="would erase", tables=tables)
    else:
        changed = change(connection, collection, order.told)
        remove(connection, collection, found, order.told)
        outcome = replace(outcome, status="erased", tables=tally(collection, found, changed))
    if outcome.rows == 0:
        known = collection.is_there or (bool(hashes) and is_listed(connection, hashes))
        known = known or (order.erased_list is not None and bool(set(hashes) & _in_file(order, graph)))
        return replace(outcome, status="already erased" if known else "not found"), key
    return (_recorded(connection, graph, order, outcome) if order.is_real else outcome), key


def read_graph(connection: Connection, order: ErasureAttempt) -> tuple[Graph, list[Stop]]:
    """Return what is done for every person alike, and what stands in the way of it."""
    order.told("reading the catalog")
    catalog = read_catalog(connection)
    edges = edges_of(catalog, order.erasure)
    graph = build_graph(catalog, order.erasure, edges)
    stops = list(graph.stops)
    # What hides rows of a table from us is a reason not to believe that there are none.
    stops += [
        Stop("row-security", of.fullname, "", f"row-level security hides rows of {of.fullname} from this role",
             ("Connect as the tables' owner, or: ALTER ROLE … BYPASSRLS",))
        for of in graph.tables if relation_of(of).is_secured
    ]  # fmt: skip
    stops += uncovered(graph, order.erasure, edges, read_telling_columns(connection))
    return graph, stops


def unserved(connection: Connection, graph: Graph, order: ErasureAttempt) -> tuple[Collection, list[Stop]]:
    """Return the temporary tables, and the edges without an index; from here on, a dry run can write nothing else."""
    collection = Collection(graph, locks=order.is_real)
    collection.create(connection)
    if order.is_dry:
        connection.execute(text("SET TRANSACTION READ ONLY"))
    return collection, [] if order.allow_scan else list(scans(connection, collection))


def _too_many(graph: Graph, rows: int, order: ErasureAttempt) -> Iterator[Stop]:
    if rows > order.most_rows:
        yield Stop(
            "too-many-rows", graph.subject.fullname, "",
            f"the person has {rows:,} rows, and one transaction takes {order.most_rows:,} at most",
            ("--most-rows N   (most_rows=N): it holds back vacuum for as long as it runs",),
        )  # fmt: skip


def _recorded(connection: Connection, graph: Graph, order: ErasureAttempt, outcome: ErasureOutcome) -> ErasureOutcome:
    """Put the person on the lists: a list with somebody too many does less harm than one that lacks somebody."""
    is_in_database = has_table(connection)
    if is_in_database:
        record(connection, graph.subject.fullname, outcome.person)
    if order.erased_list is not None:
        order.erased_list.add(graph.subject.fullname, outcome.person, outcome.at)
        return outcome
    where = "only the list in this database has the person" if is_in_database else "no list has the person"
    return replace(outcome, notes=(*outcome.notes, f"{where}: a restore would bring them back unnoticed"))


def returned_persons(engine: Engine, order: ErasureAttempt) -> list[tuple[str, ...]]:
    """Return the keys of those of the list who are there."""
    found = []
    with engine.connect() as connection:
        catalog = read_catalog(connection)
        subject = build_graph(catalog, order.erasure, []).subject
        known = listed(connection, subject.fullname)
        if order.erased_list is not None:
            known |= order.erased_list.persons(subject.fullname)
        own = table(subject.name, *(column(one) for one in relation_of(subject).key), schema=subject.schema)
        keys = select(*(cast(one, Text) for one in own.c))
        for row in connection.execution_options(yield_per=10_000).execute(keys):
            if known.intersection(person_hashes(subject.fullname, tuple(row), order.secret or "")):
                found.append(tuple(row))
    return found


def _in_file(order: ErasureAttempt, graph: Graph) -> set[str]:
    if order.erased_list is None or not order.erased_list.path.exists():
        return set()
    return order.erased_list.persons(graph.subject.fullname)
