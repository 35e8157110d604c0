"""Find searches for a part of a text that no index can serve, for lack of the extension pg_trgm.

## What it does

Looks in the workload for `ILIKE`, and for `LIKE` with a pattern that may begin with a wildcard, on tables of 10,000
rows or more of which each call reads half or more. Where the pattern is all one parameter, the finding is only
possible. Where pg_trgm is installed it is quiet: the index advisor tries the index then, and `missing-index` reports
it.

## Why it matters

A B-tree knows how a text begins, not what it contains, so each search reads the whole table. An index of trigrams
finds the few rows that have all groups of three letters of the pattern.

## Example

    SELECT * FROM contact WHERE name ILIKE '%' || $1 || '%' LIMIT 20;

Use instead:

    CREATE EXTENSION pg_trgm;
    CREATE INDEX CONCURRENTLY ix_contact_name_trgm ON contact USING gin (name gin_trgm_ops);

## When it is wrong

Patterns of one or two letters hold no trigram. On a table written very often such an index costs more than the
searches.

## Source

PostgreSQL manual, pg_trgm: Index Support (https://www.postgresql.org/docs/current/pgtrgm.html#PGTRGM-INDEX); trusted
extensions: CREATE EXTENSION (https://www.postgresql.org/docs/current/sql-createextension.html).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from pgwright.checks.no_workload import why_no_workload
from pgwright.checks.statements import Fault, family_of, faults, figures, is_searched, plain_queries, spared
from pgwright.figures import count
from pgwright.indexes.names import conventional_name
from pgwright.indexes.spelling import spell
from pgwright.model.finding import Check, Evidence, Finding
from pgwright.model.index import IndexDefinition, IndexKey
from pgwright.model.names import QualifiedName, quote
from pgwright.model.not_examined import NotExamined
from pgwright.model.snapshot import Snapshot
from pgwright.model.statement import Statement
from pgwright.model.table import Table
from pgwright.sqltext import Block, Condition, Expression

EXTENSION = "pg_trgm"
# Below this, reading it all takes about a millisecond.
LARGE_TABLE_ROWS = 10_000
_ILIKE = "~~*"
_IN_ONE_CASE = ("lower(", "upper(")
_TEXTS = ("text", "varchar")
# They have no pattern to search for a part of a text.
_BY_VALUE = ("btree", "hash", "brin")


@dataclass(frozen=True)
class _Searched:
    """A column, or its letters in one case, in which parts of texts are looked for."""

    table: QualifiedName
    key: IndexKey
    columns: tuple[str, ...] = field(compare=False)
    is_open: bool = field(compare=False)
    """The pattern shows that the beginning of the text is open."""

    @property
    def about(self) -> str:
        return f"{self.table.short} ({quote(self.key.column) if self.key.column else self.key.expression})"


def find(snapshot: Snapshot) -> Iterator[Finding | NotExamined]:
    if (cause := why_no_workload(snapshot)) is not None:
        yield CHECK.unexamined(*cause)
        return
    if EXTENSION not in snapshot.server.extensions:
        for fault in faults(_found(snapshot), snapshot):
            yield _finding(fault, snapshot)


def _found(snapshot: Snapshot) -> Iterator[tuple[_Searched, Statement, float]]:
    for query in plain_queries(snapshot):
        for place in {place for block in query.shape.blocks for place in _searched(block)}:
            is_large = family_of(place.table, snapshot).rows >= LARGE_TABLE_ROWS
            if is_large and _lacks_index(place, snapshot) and is_searched(place.table, query.statement, snapshot):
                yield place, query.statement, spared(query.statement)


def _searched(block: Block) -> Iterator[_Searched]:
    """Yield what is compared with a pattern whose beginning is open; of `LIKE $1` the workload does not tell."""
    # '%' || $1 || '%', of which the workload has made three parameters.
    whole = {use.column for use in block.parameters if use.part is not None and use.part[1] > 2}
    for one in (*block.conditions, *(one for branch in block.branches for one in branch)):
        if _is_pattern(one):
            column = one.column.column
            is_open = one.symbol == _ILIKE or one.column in whole or one.value is not None
            yield _Searched(one.column.table, IndexKey(column), (column,), is_open)
    for other in block.expressions:
        if _is_pattern(other) and other.text.startswith(_IN_ONE_CASE):
            yield _Searched(other.table, IndexKey(None, other.text), other.columns, other.value is not None)


def _is_pattern(one: Condition | Expression) -> bool:
    if one.operator == "like":
        return one.value is None or one.value.startswith(("%", "_"))
    return one.symbol == _ILIKE


def _lacks_index(place: _Searched, snapshot: Snapshot) -> bool:
    """Tell whether no index of another kind than by value has the text: of trigrams, bigrams or words."""
    table, family = snapshot.table_by_name[place.table], family_of(place.table, snapshot)
    if any(table.column_by_name[column].base_type not in _TEXTS for column in place.columns):
        return False
    wanted = _entry(place.key, table)
    return not any(
        index.definition.method not in _BY_VALUE and wanted in (_entry(key, table) for key in index.definition.keys)
        for part in dict.fromkeys((family.head, *family.leaves))
        for index in snapshot.indexes_by_table.get(part.name, ())
    )


def _entry(key: IndexKey, table: Table) -> str:
    return key.column if key.column is not None else f"({spell(key.expression or '', table)})"


def _finding(fault: Fault[_Searched], snapshot: Snapshot) -> Finding:
    place = fault.place
    family = family_of(place.table, snapshot)
    about = place.about
    is_available = EXTENSION in snapshot.server.available_extensions
    return CHECK.found(
        about,
        f"{about} is searched for a part of its text, which reads {count(fault.dearest.blocks_per_call)} blocks a "
        f"call: only an index of trigrams serves that, and {EXTENSION} is not installed.",
        severity=fault.worth.severity,
        confidence=None if place.is_open else "possible",
        evidence=[
            *figures(fault),
            Evidence("rows of the table", count(family.rows)),
            Evidence(f"{EXTENSION} available on the server", "yes" if is_available else "no"),
        ],
        advice=_how(snapshot, is_available=is_available, is_partitioned=family.is_partitioned),
        sql=";\n".join(_statements(place, snapshot, is_partitioned=family.is_partitioned)) if is_available else "",
        queries=fault.queries,
        worth=fault.worth,
    )


def _how(snapshot: Snapshot, *, is_available: bool, is_partitioned: bool) -> str:
    database = quote(snapshot.server.database)
    said = [] if is_available else [f"This server lacks {EXTENSION}: install the package postgresql-contrib."]
    said.append(
        f"Create the extension and the index. {EXTENSION} is trusted: the database's owner may create it, and a role "
        f"with GRANT CREATE ON DATABASE {database}."
    )
    if is_partitioned:
        said.append("On a partitioned table this blocks writes until it ends.")
    return " ".join(said)


def _statements(place: _Searched, snapshot: Snapshot, *, is_partitioned: bool) -> Iterator[str]:
    yield f"CREATE EXTENSION IF NOT EXISTS {EXTENSION}"
    name = conventional_name(snapshot, place.table, place.columns, "trgm")
    key = replace(place.key, operator_class="gin_trgm_ops")
    yield IndexDefinition(name, place.table, (key,), method="gin").sql(concurrently=not is_partitioned)


CHECK = Check(
    __name__,
    reads=Snapshot,
    needs=("tables", "indexes", "statements"),
    severity="medium",
    confidence="likely",
    find=find,
)
