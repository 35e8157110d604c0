"""Find hot queries for living rows that no partial index serves.

## What it does

Looks in the workload for statements with `deleted_at IS NULL` (the policy may name other columns) and an equality or
join on the same table. Reports a table when no partial index `WHERE deleted_at IS NULL` begins with one of those
columns. While few rows are deleted, an ordinary index on the columns is taken as good enough, and so is a partial one
for a value of theirs, as `WHERE status = 'pending'`.

## Why it matters

An index over all rows leads to the deleted ones as well: they are fetched and thrown away, more of them every month.
A partial index holds the living ones only, is smaller, and can hand them out in order.

## Example

    SELECT * FROM message WHERE conversation_id = $1 AND deleted_at IS NULL ORDER BY created_at DESC LIMIT 50;
    CREATE INDEX ON message (conversation_id);

Use instead:

    CREATE INDEX CONCURRENTLY ON message (conversation_id, created_at DESC) WHERE deleted_at IS NULL;

## When it is wrong

Where the columns are so selective that only a handful of rows are read in any case. Where `missing-index` chose an
index for one of the statements by their plans, `pgwright fix` makes that one alone.

## Source

PostgreSQL manual, Partial Indexes (https://www.postgresql.org/docs/current/indexes-partial.html).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import takewhile

from pgwright.checks.families import TableFamily, column_statistics
from pgwright.checks.no_workload import why_no_workload
from pgwright.checks.soft_delete import deleted_share, is_living, soft_deleting
from pgwright.figures import count, milliseconds, share
from pgwright.indexes.coverage import serves_equality
from pgwright.indexes.names import conventional_name
from pgwright.indexes.predicates import OneOf, Truth, read_predicate
from pgwright.model.change import CreateIndex
from pgwright.model.finding import Check, Evidence, Finding
from pgwright.model.index import IndexDefinition, IndexKey
from pgwright.model.not_examined import NotExamined
from pgwright.model.snapshot import Snapshot
from pgwright.model.table import Table
from pgwright.sqltext import Block, SortKey, gist
from pgwright.workload.reading import share_of_time
from pgwright.workload.shaped import ShapedStatement, statements_touching

# A statement is hot when it runs often or takes a share of the workload that one would notice.
HOT_CALLS = 100
HOT_SHARE = 0.01
# Below this, reading it all costs about as much as an index scan.
SMALL_TABLE_ROWS = 1_000
# A B-tree refuses a row whose keys take more than 2,704 bytes; values so wide on average may come near that.
WIDEST_KEY_BYTES = 200
_LONG_TYPES = ("text", "varchar", "bpchar", "bytea", "jsonb", "json", "xml", "tsvector")
# While fewer rows than this are deleted, an index over all rows reads hardly more than a partial one.
FEW_DELETED = 0.1


@dataclass(frozen=True)
class _Want:
    """What a statement asks of the living rows of one table."""

    columns: tuple[str, ...]
    """Compared with values, sorted; or joined, where none is compared."""
    order: tuple[SortKey, ...]


def find(snapshot: Snapshot) -> Iterator[Finding | NotExamined]:
    tables = [entry for entry in soft_deleting(snapshot) if entry[0].rows >= SMALL_TABLE_ROWS]
    if tables and (cause := why_no_workload(snapshot)) is not None:
        yield CHECK.unexamined(*cause)
        return
    for family, column in tables:
        wanted = _wanted(snapshot, family, column)
        for want in wanted:
            # The index for the longer order serves the shorter one as well.
            is_covered = any(
                other is not want and other.columns == want.columns and other.order[: len(want.order)] == want.order
                for other in wanted
            )
            fits = all(_fits(snapshot, family, name) for name in want.columns)
            if fits and not is_covered and not _is_served(snapshot, family, column, want):
                queries = [q for other, qs in wanted.items() if other.columns == want.columns for q in qs]
                yield _finding(snapshot, family, column, want, queries)


def _wanted(snapshot: Snapshot, family: TableFamily, column: str) -> dict[_Want, list[ShapedStatement]]:
    found: dict[_Want, list[ShapedStatement]] = {}
    for query in statements_touching(family.name, snapshot):
        statement = query.statement
        if statement.calls >= HOT_CALLS or share_of_time([statement], snapshot) >= HOT_SHARE:
            for block in query.shape.blocks:
                want = _want(block, family, column)
                if want is not None:
                    found.setdefault(want, []).append(query)
    return found


def _want(block: Block, family: TableFamily, column: str) -> _Want | None:
    ours = [condition for condition in block.conditions if condition.column.table == family.name]
    if not any(condition.operator == "is null" and condition.column.column == column for condition in ours):
        return None
    compared = {condition.column.column for condition in ours if condition.operator in ("=", "in")}
    ends = [end for join in block.joins for end in (join.left, join.right)]
    joined = {end.column for end in ends if end.table == family.name}
    columns = compared or joined
    is_ours = all(key.column.table == family.name for key in block.order_by)
    return _Want(tuple(sorted(columns)), block.order_by if is_ours else ()) if columns else None


def _fits(snapshot: Snapshot, family: TableFamily, column: str) -> bool:
    """Tell whether the values of a column are known to be short enough for the keys of an index."""
    found = column_statistics(snapshot, family, column)
    kind = family.head.column_by_name[column].base_type
    is_long = kind in _LONG_TYPES or kind.startswith("_")
    return bool(found or not is_long) and all(row.average_width <= WIDEST_KEY_BYTES for row in found)


def _is_served(snapshot: Snapshot, family: TableFamily, column: str, want: _Want) -> bool:
    table = snapshot.table_by_name.get(family.name)
    indexes = [index.definition for index in snapshot.indexes_by_table.get(family.name, ()) if index.is_valid]
    full = [index for index in indexes if index.predicate is None]
    living = read_predicate(is_living(column))
    # Of living rows, all are in it.
    partial = [replace(index, predicate=None) for index in indexes if read_predicate(index.predicate) == living]
    deleted = deleted_share(snapshot, family, column) or 0.0
    narrow = [*partial, *full] if deleted < FEW_DELETED else partial
    return (
        any(_finds_one_row(index, want, table) for index in (*full, *partial))
        or any(i.method == "btree" and serves_equality(i, (*want.columns, column), table) for i in full)
        or any(serves_equality(index, (name,), table) for index in narrow for name in want.columns)
        or (deleted < FEW_DELETED and any(_is_of_a_value(index, want) for index in indexes))
    )


def _is_of_a_value(index: IndexDefinition, want: _Want) -> bool:
    """Tell whether an index holds only rows with some value of a compared column: that one is asked for, we take it."""
    said = read_predicate(index.predicate)
    return any(isinstance(one, OneOf | Truth) and one.column in want.columns for one in said)


def _finds_one_row(index: IndexDefinition, want: _Want, table: Table | None) -> bool:
    is_of_columns = len(index.columns) == len(index.keys) and {*index.columns} <= {*want.columns}
    return index.is_unique and is_of_columns and serves_equality(index, index.columns, table)


def _finding(
    snapshot: Snapshot, family: TableFamily, column: str, want: _Want, queries: list[ShapedStatement]
) -> Finding:
    statements = sorted({query.statement for query in queries}, key=lambda statement: -statement.total_ms)
    total = sum(statement.total_ms for statement in statements)
    deleted = deleted_share(snapshot, family, column)
    about = snapshot.describe(family.name, want.columns)
    keys = [IndexKey(name) for name in want.columns]
    keys += [
        IndexKey(key.column.column, is_descending=key.is_descending, nulls_first=key.nulls_first)
        for key in takewhile(lambda key: _fits(snapshot, family, key.column.column), want.order)
        if key.column.column not in want.columns
    ]
    definition = IndexDefinition(
        name=conventional_name(snapshot, family.name, tuple(key.column or "" for key in keys), "living"),
        table=family.name,
        keys=tuple(keys),
        predicate=is_living(column),
    )
    return CHECK.found(
        about,
        f"Hot statements look for living rows by {about}, and no index WHERE {is_living(column)} serves them.",
        evidence=[
            Evidence("calls", count(sum(statement.calls for statement in statements))),
            Evidence("time", f"{milliseconds(total)}, {share(share_of_time(statements, snapshot))} of the workload"),
            Evidence("dearest statement", gist(statements[0].text)),
            Evidence("rows", count(family.rows)),
            Evidence("rows marked as deleted", "unknown" if deleted is None else share(deleted), "estimated"),
        ],
        advice=f"Create {definition.sql()}.",
        changes=[CreateIndex(definition, is_partitioned=family.is_partitioned)],
        queries=dict.fromkeys(statement.query_id for statement in statements),
    )


CHECK = Check(
    __name__,
    reads=Snapshot,
    needs=("tables", "indexes", "statements"),
    severity="medium",
    confidence="likely",
    find=find,
)
