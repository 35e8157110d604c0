"""The planner twin: an empty database on the embedded server whose planner believes it is the production database.

Schema and statistics come from a Snapshot; files are extended to production's size without using disk. So the twin
gives production's plans and costs without a row of data and without touching production.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import wraps
from itertools import count
from pathlib import Path
from threading import RLock
from typing import Any, Concatenate, ParamSpec, TypeVar

import psycopg
from psycopg import sql
from psycopg.pq import ExecStatus

from pgwright.embedded import EmbeddedServer
from pgwright.errors import TwinError
from pgwright.model.advice import QueryPlan
from pgwright.model.index import Index, IndexDefinition
from pgwright.model.names import QualifiedName
from pgwright.model.not_examined import NotExamined
from pgwright.model.snapshot import Snapshot
from pgwright.model.table import PAGE_BYTES
from pgwright.sizes import IndexSize, estimate_size
from pgwright.sqltext import repaired
from pgwright.twin.pages import extend, write_btree
from pgwright.twin.plans import read_plan
from pgwright.twin.restore import copy_settings, restore_planner_facts, restored
from pgwright.twin.servers import twin_server

P = ParamSpec("P")
R = TypeVar("R")

# The tables' own rows are touched too, so that their lists of indexes, and plans kept for statements, are made anew.
# An index that is not live is not even opened by the planner.
_SWITCH = """
UPDATE pg_index SET indisvalid = {state}, indislive = {state} WHERE indexrelid IN ({indexes});
UPDATE pg_class SET relpages = relpages
WHERE oid IN (SELECT indrelid FROM pg_index WHERE indexrelid IN ({indexes}));
"""
_FACTS = """
UPDATE pg_class c SET relname = f.name, relpages = f.pages, reltuples = f.tuples
FROM unnest(%s::int8[], %s::text[], %s::int4[], %s::float4[]) AS f (oid, name, pages, tuples) WHERE c.oid = f.oid::oid
"""
_EVICT = "SELECT count(pg_buffercache_evict_relation(oid::oid::regclass)) FROM unnest(%s::int8[]) AS oid"
_COST = re.compile(rb'"Total Cost": ([\d.]+)')
_INDEX = re.compile(rb'"Index Name": "((?:[^"\\]|\\.)*)"')

# pg_partition_tree knows partitioned relations and partitions only. A row is a table with a file: it, or a partition.
_FILES = """
SELECT n.nspname, c.relname, pg_relation_filepath(c.oid)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid IN (SELECT %(table)s::regclass UNION SELECT relid FROM pg_partition_tree(%(table)s::regclass))
    AND c.relkind IN ('r', 'm')
"""
# A row is an index, one of those named or a part of one: its table and file. Of a partitioned one the path is null.
_PARTS = """
SELECT wanted.name, n.nspname, t.relname, c.relname, c.oid::int8, pg_relation_filepath(c.oid)
FROM unnest(%(indexes)s::text[]) AS wanted (name)
CROSS JOIN LATERAL (
    SELECT wanted.name::regclass::oid UNION SELECT relid::oid FROM pg_partition_tree(wanted.name::regclass)
) AS part (oid)
JOIN pg_class c ON c.oid = part.oid
JOIN pg_index i ON i.indexrelid = c.oid
JOIN pg_class t ON t.oid = i.indrelid
JOIN pg_namespace n ON n.oid = t.relnamespace
"""

LIMITS = (
    "The twin plans as PostgreSQL 18 does, whatever the server's version is.",
    "The inner counts of GIN indexes cannot be read; the cost of a scan of one may be off by some percent.",
)


@dataclass(frozen=True)
class Candidate:
    """An index that can be switched on and off: one that exists on the twin only, or one of production's."""

    number: int
    """What tells it from the others: its place among all that were made; equal on twins that made the same."""
    definition: IndexDefinition
    size: IndexSize
    parts: Mapping[str, int] = field(compare=False)
    """The indexes that a plan may use, by name with their oids: one, or one a partition."""
    tables: frozenset[QualifiedName]
    """Its table, and the partitions of that."""
    added_as: str = field(default="", compare=False)
    """Its name on the twin; "" for one of production's."""


@dataclass(frozen=True)
class _Part:
    """An index as the twin's catalog has it: one, the partitioned one (without a file), or one of a partition."""

    table: QualifiedName
    name: str
    oid: int
    path: str | None


def _alone(method: Callable[Concatenate[Twin, P], R]) -> Callable[Concatenate[Twin, P], R]:
    """Let no other thread use the twin's connection meanwhile."""

    @wraps(method)
    def locked(twin: Twin, /, *args: P.args, **kwargs: P.kwargs) -> R:
        with twin._lock:
            return method(twin, *args, **kwargs)

    return locked


@dataclass
class Twin:
    """A built twin and the connection to it."""

    snapshot: Snapshot
    left_out: tuple[NotExamined, ...]
    _connection: psycopg.Connection
    _data: Path
    _candidates: list[Candidate] = field(default_factory=list)
    _number_by_index: dict[bytes, int] = field(default_factory=dict)
    _on: frozenset[int] = frozenset()
    _numbers: Iterator[int] = field(default_factory=count)
    _prepared: dict[str, tuple[str, int]] = field(default_factory=dict)
    _lock: RLock = field(default_factory=RLock)
    """One question at a time: after Ctrl-C a thread may still be at one when the next comes from another thread."""
    plans_made: int = 0

    def explain(self, text: str, values: Sequence[str | None] | None = None) -> QueryPlan:
        """Return the plan of a statement.

        Args:
            text: the statement, `$1` included.
            values: a value for each parameter in text form, None for NULL; without any, the generic plan.
        Raises: psycopg.Error: the statement cannot be planned here.
        """
        return read_plan(self.explained(text, values))

    @_alone
    def explained(self, text: str, values: Sequence[str | None] | None = None) -> Any:
        """Return what `EXPLAIN (FORMAT JSON)` says, a list of one object; arguments and errors as for `explain`."""
        row = self._connection.execute(self._explanation(text, values)).fetchone()
        self.plans_made += 1
        return row[0] if row else None

    @_alone
    def price(self, text: str, values: Sequence[str | None] | None, on: Set[int]) -> tuple[float, frozenset[int]]:
        """Return the planned cost of a statement with these candidates and no others, and which of them it uses.

        As `enable` and `explain` do, but in one round trip and without reading the whole plan.

        Raises: psycopg.Error: the statement cannot be planned here.
        """
        question = self._switch(on) + self._explanation(text, values)
        result = self._connection.pgconn.exec_(question)
        if result.status != ExecStatus.TUPLES_OK:  # the switch was undone with it
            raise psycopg.OperationalError(result.error_message.decode(errors="replace").strip())
        self._on = frozenset(on)
        self.plans_made += 1
        plan = result.get_value(0, 0) or b""
        cost = _COST.search(plan)
        used = (self._number_by_index.get(name) for name in _INDEX.findall(plan))
        return float(cost[1]) if cost else 0.0, frozenset(number for number in used if number is not None)

    def _explanation(self, text: str, values: Sequence[str | None] | None) -> bytes:
        if values is None:
            return f"EXPLAIN (GENERIC_PLAN, FORMAT JSON) {repaired(text)}".encode()
        name, count = self._prepare(text)
        given = [*values[:count], *[None] * (count - len(values))]
        call = sql.SQL("EXPLAIN (FORMAT JSON) EXECUTE {}({})" if given else "EXPLAIN (FORMAT JSON) EXECUTE {}")
        arguments = sql.SQL(", ").join(map(sql.Literal, given))
        return call.format(sql.Identifier(name), arguments).as_bytes(self._connection)

    def _prepare(self, text: str) -> tuple[str, int]:
        """Return the name of the prepared statement and the number of its parameters."""
        if text not in self._prepared:
            name = f"s{len(self._prepared)}"
            self._connection.execute(f"PREPARE {name} AS {repaired(text)}".encode())
            # pg_prepared_statements lists them all each time, which takes seconds for thousands.
            self._prepared[text] = name, self._connection.pgconn.describe_prepared(name.encode()).nparams
        return self._prepared[text]

    @_alone
    def parameter_count(self, text: str) -> int:
        """Return how many parameters a statement has. Raises psycopg.Error."""
        return self._prepare(text)[1]

    @_alone
    def refusal(self, definition: IndexDefinition) -> str:
        """Return what PostgreSQL says against an index; "" when it takes it."""
        with self._emptied(definition.table):
            try:
                with self._connection.transaction(force_rollback=True):
                    self._connection.execute(definition.named("pgwright_refused").sql().encode())
            except psycopg.Error as error:
                return error.diag.message_primary or str(error)
        return ""

    @_alone
    def add(self, definitions: Iterable[IndexDefinition]) -> list[Candidate]:
        """Create indexes that hold nothing but look as they would; they stay off until they are asked for.

        A definition that PostgreSQL refuses (no such operator class, say) is left out.
        """
        by_table: dict[QualifiedName, list[IndexDefinition]] = defaultdict(list)
        for definition in definitions:
            by_table[definition.table].append(definition)
        made = [one for table, wanted in by_table.items() for one in self._made(table, wanted)]
        self._on |= {one.number for one in made}
        self.enable(())
        return made

    @_alone
    def take_in(self, indexes: Iterable[Index]) -> list[Candidate]:
        """Let indexes of production be switched off as candidates are; until then they are on."""
        known = {str(index.name): index for index in indexes}
        taken: list[Candidate] = []
        for name, parts in self._parts(known).items():
            index = known[name]
            size = IndexSize(index.pages, index.tree_height or 0, index.row_estimate)
            names = {part.name: part.oid for part in parts if part.path is not None}
            if names:
                tables = frozenset(part.table for part in parts)
                taken.append(self._known(Candidate(len(self._candidates), index.definition, size, names, tables)))
        self._on |= {one.number for one in taken}
        return taken

    @_alone
    def clear(self) -> None:
        """Drop the indexes that were added, and leave production's as they are there."""
        self.enable(one for one in self._candidates if not one.added_as)
        for one in self._candidates:
            if one.added_as:
                name = QualifiedName(one.definition.table.schema, one.added_as)
                self._connection.execute(f"DROP INDEX {name}".encode())
        self._candidates.clear()
        self._number_by_index.clear()
        self._on = frozenset()

    @_alone
    def enable(self, candidates: Iterable[Candidate]) -> None:
        """Make these candidates visible to the planner, and no others."""
        on = frozenset(candidate.number for candidate in candidates)
        if switch := self._switch(on):
            self._connection.pgconn.exec_(switch)
        self._on = on

    @contextmanager
    def configured(self, settings: Mapping[str, str]) -> Iterator[None]:
        """Plan with other settings for a while; `role` is one. Raises psycopg.Error: no such setting or value."""
        before: dict[str, str] = {}
        change = "SELECT current_setting(%(name)s, true), set_config(%(name)s, %(value)s, false)"
        try:
            for name, value in settings.items():
                row = self._connection.execute(change, {"name": name, "value": value}).fetchone()
                before[name] = row[0] or "" if row else ""
            yield
        finally:
            for name in reversed(before):  # the role last set is the first to go
                self._connection.execute(change, {"name": name, "value": before[name]})

    def _switch(self, on: Set[int]) -> bytes:
        """Return the statements that make just these visible; nothing when they are."""
        statements = ""
        for state, changed in (("true", on - self._on), ("false", self._on - on)):
            if oids := [str(oid) for number in changed for oid in self._candidates[number].parts.values()]:
                statements += _SWITCH.format(state=state, indexes=",".join(oids))
        return statements.encode()

    def _made(self, table: QualifiedName, definitions: Iterable[IndexDefinition]) -> list[Candidate]:
        """Create indexes on one table, while its files are empty."""
        rows = {definition: self.rows_of(definition) for definition in definitions}
        created: dict[str, IndexDefinition] = {}
        with self._emptied(table):
            for definition in rows:
                name = f"pgwright_{next(self._numbers)}"
                # In C at once, without the GIL: several twins make theirs at the same time.
                made_it = self._connection.pgconn.exec_(definition.named(name).sql().encode())
                if made_it.status == ExecStatus.COMMAND_OK:
                    created[name] = definition
        names = {str(QualifiedName(table.schema, name)): name for name in created}
        made: list[Candidate] = []
        facts: list[tuple[int, str, int, float]] = []
        found = self._parts(names)
        # The server wrote their first pages to its buffers: out with them, before the files get pages of ours.
        oids = [part.oid for parts in found.values() for part in parts if part.path is not None]
        self._connection.execute(_EVICT, (oids,))
        for index, parts in found.items():
            definition = created[names[index]]
            sizes, used = self._laid_out(definition, rows[definition], names[index], parts, facts)
            if used:  # a partitioned table may have no partition
                tables = frozenset(part.table for part in parts)
                number = len(self._candidates)
                candidate = Candidate(number, definition, _together(sizes), used, tables, added_as=names[index])
                made.append(self._known(candidate))
        self._connection.execute(_FACTS, [list(column) for column in zip(*facts, strict=True)] or [[], [], [], []])
        return made

    def _parts(self, indexes: Iterable[str]) -> dict[str, list[_Part]]:
        """Return the parts of each index, in the order of the names given."""
        found: dict[str, list[_Part]] = {name: [] for name in indexes}
        for index, schema, table, *rest in self._connection.execute(_PARTS, {"indexes": list(found)}):
            found[index].append(_Part(QualifiedName(schema, table), *rest))
        return found

    def _known(self, candidate: Candidate) -> Candidate:
        self._candidates.append(candidate)
        self._number_by_index |= {name.encode(): candidate.number for name in candidate.parts}
        return candidate

    def rows_of(self, definition: IndexDefinition) -> float:
        """Return how many rows an index would hold: those of its predicate, as the planner estimates them."""
        table = self.snapshot.table_by_name[definition.table]
        if definition.predicate is None:
            return max(table.rows, 1.0)
        text = f"SELECT FROM ONLY {definition.table} WHERE {definition.predicate}"
        row = self._connection.execute(f"EXPLAIN (FORMAT JSON) {text}".encode()).fetchone()
        return read_plan(row[0] if row else None).row_estimate

    def _laid_out(
        self,
        definition: IndexDefinition,
        rows: float,
        name: str,
        parts: Sequence[_Part],
        facts: list[tuple[int, str, int, float]],
    ) -> tuple[list[IndexSize], dict[str, int]]:
        """Give a new index the files of its size, on a partitioned table each part its own; note what pg_class says."""
        files = [(part, self._data / part.path) for part in parts if part.path is not None]
        rows_of_all = sum(self.snapshot.table_by_name[part.table].rows for part, _ in files)
        sizes: list[IndexSize] = []
        oids: dict[str, int] = {}
        for part, path in files:
            share = self.snapshot.table_by_name[part.table].rows / max(rows_of_all, 1.0) if len(files) > 1 else 1.0
            size = estimate_size(definition, self.snapshot, max(share * rows, 1.0))
            if definition.method == "btree":
                write_btree(path, size.pages, size.tree_height)
            else:
                extend(path, max(size.pages, path.stat().st_size // PAGE_BYTES))
            part_name = name if len(files) == 1 else f"{name}_{len(oids)}"
            facts.append((part.oid, part_name, size.pages, size.rows))
            oids[part_name] = part.oid
            sizes.append(size)
        return sizes, oids

    @contextmanager
    def _emptied(self, table: QualifiedName) -> Iterator[None]:
        """Cut the files of a table and its partitions to nothing, so that building an index scans nothing."""
        found = self._connection.execute(_FILES, {"table": str(table)}).fetchall()
        paths = {QualifiedName(schema, name): self._data / path for schema, name, path in found}
        for path in paths.values():
            extend(path, 0)
        try:
            yield
        finally:
            for name, path in paths.items():
                extend(path, self.snapshot.table_by_name[name].pages)


def _together(sizes: Sequence[IndexSize]) -> IndexSize:
    """Return the size of an index of several parts; a row is written to one of them, so its height is the largest."""
    pages, rows = sum(size.pages for size in sizes), sum(size.rows for size in sizes)
    return IndexSize(pages, max(size.tree_height for size in sizes), rows)


@contextmanager
def open_twin(snapshot: Snapshot, server: EmbeddedServer | None = None) -> Iterator[Twin]:
    """Build a twin of a snapshot; drop it on the way out. Raises TwinError, EmbeddedServerError."""
    with open_twins(snapshot, 1, server) as (twin,):
        yield twin


@contextmanager
def open_twins(snapshot: Snapshot, count: int, server: EmbeddedServer | None = None) -> Iterator[tuple[Twin, ...]]:
    """Build so many twins that can be asked at the same time. Raises TwinError, EmbeddedServerError."""
    if not snapshot.schema_sql:
        raise TwinError("the snapshot holds no schema to plan on; see what was not examined, and why")
    with ExitStack() as stack:
        if server is not None:
            twins = [stack.enter_context(_built(snapshot, server)) for _ in range(count)]
        else:
            own, databases = stack.enter_context(twin_server(snapshot, count))
            twins = [stack.enter_context(_opened(snapshot, own, name, told)) for name, told in databases]
        yield tuple(twins)


@contextmanager
def _built(snapshot: Snapshot, server: EmbeddedServer) -> Iterator[Twin]:
    with restored(snapshot, server) as (name, left_out):
        with server.admin(name) as connection:
            left_out += restore_planner_facts(connection, snapshot, server.data)
        with _opened(snapshot, server, name, left_out) as twin:
            yield twin


@contextmanager
def _opened(snapshot: Snapshot, server: EmbeddedServer, name: str, left_out: tuple[NotExamined, ...]) -> Iterator[Twin]:
    with psycopg.connect(server.dsn(name), autocommit=True, prepare_threshold=None) as connection:
        copy_settings(connection, snapshot)
        connection.execute("SET plan_cache_mode = force_custom_plan")
        yield Twin(snapshot, left_out, connection, server.data)
