"""The indexes of a twin that can be switched on and off: made there without building them, or taken from production."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import psycopg
from psycopg.pq import ExecStatus

from pgwright.model.index import Index, IndexDefinition
from pgwright.model.names import QualifiedName
from pgwright.model.snapshot import Snapshot
from pgwright.model.table import PAGE_BYTES
from pgwright.sizes import IndexSize, estimate_size
from pgwright.sql_files import read_sql
from pgwright.twin.pages import extend, relation_file, write_btree
from pgwright.twin.plans import read_plan
from pgwright.twin.restore import restore_sizes

# The tables' own rows are touched too, so that their lists of indexes, and plans kept for statements, are made anew.
# An index that is not live is not even opened by the planner.
_SWITCH = b"""
WITH switched AS (
    UPDATE pg_index SET indisvalid = wanted.is_on, indislive = wanted.is_on
    FROM unnest($1::oid[], $2::boolean[]) AS wanted (index, is_on)
    WHERE indexrelid = wanted.index
    RETURNING indrelid
)
UPDATE pg_class SET relpages = relpages WHERE oid IN (SELECT indrelid FROM switched)
"""
# Each index, and each of its parts, holds a lock until its transaction ends.
_AT_ONCE = 50


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


@dataclass
class Candidates:
    """Makes them, and knows which are on."""

    snapshot: Snapshot
    owner: psycopg.Connection
    """Makes and drops the indexes, whose expressions are text of the source."""
    catalogs: psycopg.Connection
    """As superuser: switches them on and off and sets their sizes, by oid."""
    data: Path
    """The data directory of the server, whose files are written to."""
    made: list[Candidate] = field(default_factory=list)
    """Candidate n at place n."""
    on: frozenset[int] = frozenset()
    sizes: dict[tuple[IndexDefinition, float], IndexSize] = field(default_factory=dict)
    """Estimated so far, by definition and rows; twins of one snapshot share them."""
    _number_by_index: dict[bytes, int] = field(default_factory=dict)
    _names: Iterator[int] = field(default_factory=count)

    def __post_init__(self) -> None:
        self.catalogs.pgconn.prepare(b"switch", _SWITCH)

    def add(self, definitions: Iterable[IndexDefinition]) -> list[Candidate]:
        """Create indexes that hold nothing but look as they would; they stay off until they are asked for.

        A definition that PostgreSQL refuses (no such operator class, say) is left out.
        """
        by_table: dict[QualifiedName, list[IndexDefinition]] = defaultdict(list)
        for definition in definitions:
            by_table[definition.table].append(definition)
        made = [one for table, wanted in by_table.items() for one in self._make(table, wanted)]
        self.on |= {one.number for one in made}
        self.enable(())
        return made

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
                taken.append(self._known(Candidate(len(self.made), index.definition, size, names, tables)))
        self.on |= {one.number for one in taken}
        return taken

    def clear(self) -> None:
        """Drop the indexes that were added, and leave production's as they are there."""
        self.enable(one for one in self.made if not one.added_as)
        for one in self.made:
            if one.added_as:
                name = QualifiedName(one.definition.table.schema, one.added_as)
                self.owner.execute(f"DROP INDEX {name}".encode())
        self.made.clear()
        self._number_by_index.clear()
        self.on = frozenset()

    def enable(self, candidates: Iterable[Candidate]) -> None:
        """Make these visible to the planner, and no others."""
        self.enable_numbers(frozenset(candidate.number for candidate in candidates))

    def enable_numbers(self, on: frozenset[int]) -> None:
        """As `enable`, by their numbers."""
        if changed := [(oid, one in on) for one in on ^ self.on for oid in self.made[one].parts.values()]:
            arrays = [f"{{{','.join(map(str, each))}}}".encode() for each in zip(*changed, strict=True)]
            result = self.catalogs.pgconn.exec_prepared(b"switch", arrays)
            if result.status != ExecStatus.COMMAND_OK:
                raise psycopg.OperationalError(result.error_message.decode(errors="replace").strip())
        self.on = on

    def numbers(self, names: Iterable[bytes]) -> frozenset[int]:
        """Return the candidates among some indexes of the twin, by the names of their parts."""
        found = (self._number_by_index.get(name) for name in names)
        return frozenset(number for number in found if number is not None)

    def refusal(self, definition: IndexDefinition) -> str:
        """Return what PostgreSQL says against an index; "" when it takes it."""
        with self._emptied(definition.table):
            try:
                with self.owner.transaction(force_rollback=True):
                    self.owner.execute(definition.named("pgwright_refused").sql().encode())
            except psycopg.Error as error:
                return error.diag.message_primary or str(error)
        return ""

    def rows_of(self, definition: IndexDefinition) -> float:
        """Return how many rows an index would hold: those of its predicate, as the planner estimates them."""
        table = self.snapshot.table_by_name[definition.table]
        if definition.predicate is None:
            return max(table.rows, 1.0)
        only = "" if table.kind == "partitioned table" else "ONLY "  # which holds no row itself
        text = f"SELECT FROM {only}{definition.table} WHERE {definition.predicate}"
        row = self.owner.execute(f"EXPLAIN (FORMAT JSON) {text}".encode()).fetchone()
        return read_plan(row[0] if row else None).row_estimate

    def _rows_of(self, definition: IndexDefinition) -> float | None:
        """Return how many rows an index would hold; None where PostgreSQL refuses its predicate."""
        try:
            return self.rows_of(definition)
        except psycopg.Error:
            return None

    def _make(self, table: QualifiedName, definitions: Iterable[IndexDefinition]) -> list[Candidate]:
        """Create indexes on one table, while its files are empty."""
        rows = {one: count for one in definitions if (count := self._rows_of(one)) is not None}
        with self._emptied(table):
            created = self._created(list(rows))
        names = {str(QualifiedName(table.schema, name)): name for name in created}
        made: list[Candidate] = []
        facts: list[tuple[int, str, int, float]] = []
        found = self._parts(names)
        for index, parts in found.items():
            definition = created[names[index]]
            sizes, used = self._laid_out(definition, rows[definition], names[index], parts, facts)
            if used:  # a partitioned table may have no partition
                tables = frozenset(part.table for part in parts)
                number = len(self.made)
                candidate = Candidate(number, definition, _together(sizes), used, tables, added_as=names[index])
                made.append(self._known(candidate))
        columns = [list(column) for column in zip(*facts, strict=True)] or [[], [], [], []]
        self.catalogs.execute(read_sql("pgwright.twin", "set_index_sizes").encode(), columns)
        return made

    def _created(self, definitions: Sequence[IndexDefinition]) -> dict[str, IndexDefinition]:
        """Create what the server takes, by name: many in one transaction, for twins that commit wait for each other."""
        created: dict[str, IndexDefinition] = {}
        for start in range(0, len(definitions), _AT_ONCE):
            named = {f"pgwright_{next(self._names)}": one for one in definitions[start : start + _AT_ONCE]}
            if self._create(named):
                created |= named
            else:
                created |= {name: one for name, one in named.items() if self._create({name: one})}
        return created

    def _create(self, named: Mapping[str, IndexDefinition]) -> bool:
        """Create all or none of some indexes: statements in one message are one transaction."""
        statements = ";\n".join(one.named(name).sql() for name, one in named.items())
        # In C at once, without the GIL: several twins make theirs at the same time.
        return self.owner.pgconn.exec_(statements.encode()).status == ExecStatus.COMMAND_OK

    def _parts(self, indexes: Iterable[str]) -> dict[str, list[_Part]]:
        """Return the parts of each index, in the order of the names given."""
        parts = read_sql("pgwright.twin", "index_parts").encode()
        found: dict[str, list[_Part]] = {name: [] for name in indexes}
        for index, schema, table, *rest in self.catalogs.execute(parts, {"indexes": list(found)}):
            found[index].append(_Part(QualifiedName(schema, table), *rest))
        return found

    def _known(self, candidate: Candidate) -> Candidate:
        self.made.append(candidate)
        self._number_by_index |= {name.encode(): candidate.number for name in candidate.parts}
        return candidate

    def _laid_out(
        self,
        definition: IndexDefinition,
        rows: float,
        name: str,
        parts: Sequence[_Part],
        facts: list[tuple[int, str, int, float]],
    ) -> tuple[list[IndexSize], dict[str, int]]:
        """Give a new index the files of its size, on a partitioned table each part its own; note what pg_class says."""
        files = [(part, relation_file(self.data, part.path)) for part in parts if part.path is not None]
        rows_of_all = sum(self.snapshot.table_by_name[part.table].rows for part, _ in files)
        sizes: list[IndexSize] = []
        oids: dict[str, int] = {}
        for part, path in files:
            share = self.snapshot.table_by_name[part.table].rows / max(rows_of_all, 1.0) if len(files) > 1 else 1.0
            size = self._size(definition, max(share * rows, 1.0))
            if definition.method == "btree":
                write_btree(path, size.pages, size.tree_height)
            else:
                extend(path, max(size.pages, path.lstat().st_size // PAGE_BYTES))
            # The index of a lone partition too: the partitioned index has the name already.
            part_name = name if len(parts) == 1 else f"{name}_{len(oids)}"
            facts.append((part.oid, part_name, size.pages, size.rows))
            oids[part_name] = part.oid
            sizes.append(size)
        return sizes, oids

    def _size(self, definition: IndexDefinition, rows: float) -> IndexSize:
        if (size := self.sizes.get((definition, rows))) is None:
            size = self.sizes[definition, rows] = estimate_size(definition, self.snapshot, rows)
        return size

    @contextmanager
    def _emptied(self, table: QualifiedName) -> Iterator[None]:
        """Cut the files of a table and its partitions to nothing, so that building an index scans nothing."""
        files = read_sql("pgwright.twin", "table_files").encode()
        found = self.catalogs.execute(files, {"table": str(table)}).fetchall()
        paths = {QualifiedName(schema, name): relation_file(self.data, path) for schema, name, path in found}
        for path in paths.values():
            extend(path, 0)
        try:
            yield
        finally:
            for name, path in paths.items():
                extend(path, self.snapshot.table_by_name[name].pages)
            # Before PostgreSQL 18 building an index writes the emptied table's size into its row, for good.
            restore_sizes(self.catalogs, (self.snapshot.table_by_name[name] for name in paths))


def _together(sizes: Sequence[IndexSize]) -> IndexSize:
    """Return the size of an index of several parts; a row is written to one of them, so its height is the largest."""
    pages, rows = sum(size.pages for size in sizes), sum(size.rows for size in sizes)
    return IndexSize(pages, max(size.tree_height for size in sizes), rows)
