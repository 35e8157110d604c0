"""The planner twin: an empty database on the embedded server whose planner believes it is the production database.

Schema and statistics come from a Snapshot; files are extended to production's size without using disk. So the twin
gives production's plans and costs without a row of data and without touching production.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg import sql

from pgwright.embedded import EmbeddedServer, run_server
from pgwright.errors import TwinError
from pgwright.model.advice import QueryPlan
from pgwright.model.index import IndexDefinition
from pgwright.model.names import QualifiedName
from pgwright.model.snapshot import NotExamined, Snapshot
from pgwright.planner.pages import extend, write_btree
from pgwright.planner.plans import read_plan
from pgwright.planner.restore import SERVER_SETTINGS, copy_settings, restore_planner_facts, restored
from pgwright.planner.sizes import IndexSize, estimate_size
from pgwright.sqltext import repaired

# The table's own row is touched too, so that plans kept for prepared statements are made anew.
_SWITCH = """
WITH switched AS (
    UPDATE pg_index SET indisvalid = indexrelid = ANY(%(wanted)s::oid[])
    WHERE indexrelid = ANY(%(every)s::oid[]) AND indisvalid <> (indexrelid = ANY(%(wanted)s::oid[]))
    RETURNING indrelid)
UPDATE pg_class SET relpages = relpages WHERE oid IN (SELECT indrelid FROM switched)
"""

# pg_partition_tree knows partitioned relations and partitions only. A row is a table with a file: it, or a partition.
_FILES = """
SELECT n.nspname, c.relname, pg_relation_filepath(c.oid)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid IN (SELECT %(table)s::regclass UNION SELECT relid FROM pg_partition_tree(%(table)s::regclass))
    AND c.relkind IN ('r', 'm')
"""
# A row is an index, the one named or a part of it, with the table that it is on; of a partitioned one the path is null.
_PARTS = """
SELECT n.nspname, t.relname, c.oid::int8, pg_relation_filepath(c.oid)
FROM pg_class c
JOIN pg_index i ON i.indexrelid = c.oid
JOIN pg_class t ON t.oid = i.indrelid
JOIN pg_namespace n ON n.oid = t.relnamespace
WHERE c.oid IN (SELECT %(index)s::regclass UNION SELECT relid FROM pg_partition_tree(%(index)s::regclass))
"""

LIMITS = (
    "The twin plans as PostgreSQL 18 does, whatever the server's version is.",
    "Extended statistics (CREATE STATISTICS) are not copied.",
    "The inner counts of GIN indexes cannot be read; the cost of a scan of one may be off by some percent.",
)


@dataclass
class Candidate:
    """An index that exists on the twin only."""

    definition: IndexDefinition
    size: IndexSize
    parts: Mapping[str, int]
    """The indexes that a plan may use, by name with their oids: one, or one a partition."""
    tables: frozenset[QualifiedName]
    """Its table, and the partitions of that."""

    @property
    def oid(self) -> int:
        """Return what tells it from the others."""
        return next(iter(self.parts.values()))


@dataclass
class Twin:
    """A built twin and the connection to it."""

    snapshot: Snapshot
    left_out: tuple[NotExamined, ...]
    _connection: psycopg.Connection
    _data: Path
    _candidates: list[Candidate] = field(default_factory=list)
    _prepared: dict[str, str] = field(default_factory=dict)
    plans_made: int = 0

    def explain(self, text: str, values: Sequence[str | None] | None = None) -> QueryPlan:
        """Return the plan of a statement.

        Args:
            text: the statement, `$1` included.
            values: a value for each parameter in text form, None for NULL; without any, the generic plan.
        Raises: psycopg.Error: the statement cannot be planned here.
        """
        name = self._prepare(text)
        mode = "force_generic_plan" if values is None else "force_custom_plan"
        count = self._parameter_count(name)
        given = list(values or ())[:count] + [None] * (count - len(values or ()))
        arguments = sql.SQL(", ").join(sql.Literal(value) for value in given)
        call = sql.SQL("EXECUTE {}({})") if count else sql.SQL("EXECUTE {}")
        self._connection.execute(sql.SQL("SET plan_cache_mode = {}").format(sql.SQL(mode)))
        query = sql.SQL("EXPLAIN (FORMAT JSON) ") + call.format(sql.Identifier(name), arguments)
        row = self._connection.execute(query).fetchone()
        self.plans_made += 1
        return read_plan(row[0] if row else None)

    def _prepare(self, text: str) -> str:
        if text not in self._prepared:
            name = f"s{len(self._prepared)}"
            self._connection.execute(f"PREPARE {name} AS {repaired(text)}".encode())
            self._prepared[text] = name
        return self._prepared[text]

    def _parameter_count(self, name: str) -> int:
        row = self._connection.execute(
            "SELECT cardinality(parameter_types) FROM pg_prepared_statements WHERE name = %s", (name,)
        ).fetchone()
        return int(row[0]) if row else 0

    def add(self, definitions: Iterable[IndexDefinition]) -> list[Candidate]:
        """Create indexes that hold nothing but look as they would; they stay off until `enable`.

        A definition that PostgreSQL refuses (no such operator class, say) is left out.
        """
        made: list[Candidate] = []
        for definition in definitions:
            name = f"pgwright_{len(self._candidates)}"
            rows = self.rows_of(definition)
            with self._emptied(definition.table):
                try:
                    self._connection.execute(definition.named(name).sql().encode())
                except psycopg.Error:
                    continue
            if candidate := self._laid_out(definition, name, rows):
                self._candidates.append(candidate)
                made.append(candidate)
        self.enable(())
        return made

    def enable(self, candidates: Iterable[Candidate]) -> None:
        """Make these candidates visible to the planner, and no others."""
        wanted = [oid for candidate in candidates for oid in candidate.parts.values()]
        every = [oid for candidate in self._candidates for oid in candidate.parts.values()]
        self._connection.execute(_SWITCH, {"wanted": wanted, "every": every})

    def rows_of(self, definition: IndexDefinition) -> float:
        """Return how many rows an index would hold: those of its predicate, as the planner estimates them."""
        table = self.snapshot.table_by_name[definition.table]
        if definition.predicate is None:
            return max(table.rows, 1.0)
        text = f"SELECT FROM ONLY {definition.table} WHERE {definition.predicate}"
        row = self._connection.execute(f"EXPLAIN (FORMAT JSON) {text}".encode()).fetchone()
        return read_plan(row[0] if row else None).row_estimate

    def _laid_out(self, definition: IndexDefinition, name: str, rows: float) -> Candidate | None:
        """Give the new index its size, on a partitioned table each part its own; None when no partition is there."""
        index = QualifiedName(definition.table.schema, name)
        found = self._connection.execute(_PARTS, {"index": str(index)}).fetchall()
        files = [(QualifiedName(schema, table), oid, self._data / path) for schema, table, oid, path in found if path]
        rows_of_all = sum(self.snapshot.table_by_name[table].rows for table, _, _ in files)
        parts: dict[str, int] = {}
        sizes: list[IndexSize] = []
        for table, oid, path in files:
            held = self.snapshot.table_by_name[table].rows / max(rows_of_all, 1.0) * rows if len(files) > 1 else rows
            size = estimate_size(definition, self.snapshot, max(held, 1.0))
            if definition.method == "btree":
                write_btree(path, size.pages, size.tree_height)
            else:
                extend(path, size.pages)
            part = name if len(files) == 1 else f"{name}_{len(parts)}"
            self._connection.execute(
                "UPDATE pg_class SET relname = %s, relpages = %s, reltuples = %s WHERE oid = %s",
                (part, size.pages, size.rows, oid),
            )
            parts[part] = oid
            sizes.append(size)
        tables = frozenset(QualifiedName(*row[:2]) for row in found)
        return Candidate(definition, _together(sizes), parts, tables) if parts else None

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
    if not snapshot.schema_sql:
        raise TwinError("the snapshot holds no schema to plan on; see what was not examined, and why")
    if server is not None:
        with _built(snapshot, server) as twin:
            yield twin
        return
    with run_server(settings=SERVER_SETTINGS) as own, _built(snapshot, own) as twin:
        yield twin


@contextmanager
def _built(snapshot: Snapshot, server: EmbeddedServer) -> Iterator[Twin]:
    with restored(snapshot, server) as (name, left_out):
        with psycopg.connect(server.dsn(name), autocommit=True) as connection:
            restore_planner_facts(connection, snapshot, server.data)
        with psycopg.connect(server.dsn(name), autocommit=True, prepare_threshold=None) as connection:
            copy_settings(connection, snapshot)
            yield Twin(snapshot, left_out, connection, server.data)
