"""Find conditions that hide a column from its index, by a cast, a function or a computation.

## What it does

Looks in the workload for a column that is compared inside a cast, a function or a computation, or with a value of a
wider type, while a valid index begins with the column itself and none with the expression. Only statements of which
each call reads half of the table or more are reported.

## Why it matters

An index on `email` holds no `lower(email)`, so the server computes that for each row of the table. The index is there,
is kept up by each write, and serves nothing.

## Example

    SELECT * FROM event WHERE at::date = $1;      -- with an index on (at)
    SELECT * FROM account WHERE id::text = $1;    -- with the primary key on (id)

Use instead:

    SELECT * FROM event WHERE at >= $1 AND at < $1 + interval '1 day';
    SELECT * FROM account WHERE id = $1::bigint;

## When it is wrong

Where another condition of the statement finds the rows in any case, and these are half of the table.

## Source

PostgreSQL manual, Indexes on Expressions (https://www.postgresql.org/docs/current/indexes-expressional.html); Markus
Winand, Functions in the where clause (https://use-the-index-luke.com/sql/where-clause/functions).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from pgwright.checks.no_workload import why_no_workload
from pgwright.checks.statements import Fault, family_of, faults, figures, is_searched, plain_queries, spared
from pgwright.figures import count
from pgwright.indexes.names import conventional_name
from pgwright.indexes.spelling import spell
from pgwright.model.finding import Check, Evidence, Finding
from pgwright.model.index import Index, IndexDefinition, IndexKey
from pgwright.model.names import QualifiedName, quote
from pgwright.model.not_examined import NotExamined
from pgwright.model.snapshot import Snapshot
from pgwright.model.statement import Statement
from pgwright.model.table import Column
from pgwright.sqltext import Block

# Below this, reading it all takes about a millisecond.
LARGE_TABLE_ROWS = 10_000
_BY_VALUE = ("btree", "hash")
_TEXTS = ("text", "varchar")
_MOMENTS = ("timestamp", "timestamptz")
_OF_MOMENTS = ("date", "date_trunc", "date_part", "extract", "to_char", "timezone")
# One value in, the same value out, whatever the settings: an index may hold them.
_IMMUTABLE = ("lower", "upper", "btrim", "ltrim", "rtrim", "md5", "abs", "length", "reverse")
# A number of the first kind is compared with one of the second as the second.
_WIDER = {
    "int2": ("numeric", "float4", "float8"), "int4": ("numeric", "float4", "float8"),
    "int8": ("numeric", "float4", "float8"), "numeric": ("float4", "float8"),
}  # fmt: skip


@dataclass(frozen=True)
class _Hidden:
    """A column of one table that a comparison hides from an index."""

    table: QualifiedName
    column: str
    text: str
    """What is compared in its place."""
    function: str = field(default="", compare=False)
    value_type: str = field(default="", compare=False)
    """The type of the value, where the value is at fault."""


def find(snapshot: Snapshot) -> Iterator[Finding | NotExamined]:
    if (cause := why_no_workload(snapshot)) is not None:
        yield CHECK.unexamined(*cause)
        return
    for fault in faults(_found(snapshot), snapshot):
        yield _finding(fault, snapshot)


def _found(snapshot: Snapshot) -> Iterator[tuple[_Hidden, Statement, float]]:
    for query in plain_queries(snapshot):
        for place in {place for block in query.shape.blocks for place in _hidden(block, snapshot)}:
            is_large = family_of(place.table, snapshot).rows >= LARGE_TABLE_ROWS
            if is_large and _index(place, snapshot) and is_searched(place.table, query.statement, snapshot):
                yield place, query.statement, spared(query.statement)


def _hidden(block: Block, snapshot: Snapshot) -> Iterator[_Hidden]:
    for one in block.wrapped:
        own = snapshot.column(one.column.table, one.column.column).base_type
        if own != one.cast_to and not (own in _TEXTS and one.cast_to in _TEXTS):
            yield _Hidden(one.column.table, one.column.column, one.text, one.function or one.cast_to or "")
    known = {one.column for one in block.wrapped}
    for use in block.parameters:
        if use.column is not None and use.column not in known and use.operator in ("=", "in", "range"):
            table, name = use.column.table, use.column.column
            if use.cast_to in _WIDER.get(snapshot.column(table, name).base_type, ()):
                yield _Hidden(table, name, f"{quote(name)}::{use.cast_to}", value_type=use.cast_to or "")


def _index(place: _Hidden, snapshot: Snapshot) -> Index | None:
    """Return an index that the column itself would use; None where there is none, or where one has the expression."""
    table = snapshot.table_by_name[place.table]
    indexes = [one for one in snapshot.indexes_by_table.get(place.table, ()) if one.is_valid]
    wanted = spell(place.text, table)
    expressions = {spell(key.expression, table) for one in indexes for key in one.definition.keys if key.expression}
    if wanted in expressions:
        return None
    fitting = (one for one in indexes if one.definition.method in _BY_VALUE and one.definition.predicate is None)
    return next((one for one in fitting if one.definition.keys[0].column == place.column), None)


def _finding(fault: Fault[_Hidden], snapshot: Snapshot) -> Finding:
    place = fault.place
    index = _index(place, snapshot)
    name = index.name.short if index is not None else ""
    family = family_of(place.table, snapshot)
    column = snapshot.column(place.table, place.column)
    return CHECK.found(
        f"{place.table.short} ({place.text})",
        f"{_what(place)} hides {quote(place.column)} from the index {name}: each call reads "
        f"{count(fault.dearest.blocks_per_call)} blocks.",
        severity=fault.worth.severity,
        evidence=[
            *figures(fault),
            Evidence("index that would serve the column", name),
            Evidence("type of the column", column.type),
            Evidence("rows of the table", count(family.rows)),
        ],
        advice=_rewrite(place, column),
        sql=_expression_index(place, snapshot),
        queries=fault.queries,
        worth=fault.worth,
    )


def _what(place: _Hidden) -> str:
    if place.value_type:
        return f"A value of type {place.value_type}, for which the server compares {place.text},"
    return f"A condition on {place.text}"


def _rewrite(place: _Hidden, column: Column) -> str:
    name = quote(place.column)
    if place.value_type:
        return f"Give the value the column's type: {name} = $1::{column.type}, in the app an int in place of a Decimal."
    if place.function in _OF_MOMENTS and column.base_type in _MOMENTS:
        return f"Ask for a range of the column itself: {name} >= $1 AND {name} < $1 + interval '1 day'."
    if place.function in _IMMUTABLE:
        return f"Index what is compared, {place.text}, or store the values as they are compared."
    if place.text.startswith("CAST("):
        return f"Cast the value, not the column: {name} = $1::{column.type}."
    return f"Write the condition so that {name} stands alone on its side, or index {place.text}."


def _expression_index(place: _Hidden, snapshot: Snapshot) -> str:
    """Return the statement that indexes what is compared, where that may be indexed; it is no use with a parameter."""
    if place.function not in _IMMUTABLE or "$" in place.text:
        return ""
    name = conventional_name(snapshot, place.table, (place.column,), place.function)
    definition = IndexDefinition(name, place.table, (IndexKey(None, place.text),))
    return definition.sql(concurrently=not family_of(place.table, snapshot).is_partitioned)


CHECK = Check(
    __name__,
    reads=Snapshot,
    needs=("tables", "indexes", "statements"),
    severity="medium",
    confidence="likely",
    find=find,
)
