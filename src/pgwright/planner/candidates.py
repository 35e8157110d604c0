"""Which indexes could help a statement: equality columns first, then the order or a range, partial where it may be."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from pgwright.model.index import IndexDefinition, IndexKey, index_name
from pgwright.model.names import QualifiedName, quote, quote_literal
from pgwright.model.snapshot import Snapshot
from pgwright.planner.parameters import InferredValue
from pgwright.sqltext import Block, Condition, SortKey, StatementShape

_MOST_KEYS = 4
_MOST_INCLUDED = 3
# Beyond this an index tuple is no longer small against the row; a B-tree refuses keys over 2,704 bytes anyway.
_MOST_KEY_BYTES = 200
_MOST_INCLUDED_BYTES = 64
# A table of so few pages is read whole in less than it takes to descend an index and fetch a row.
_SMALL_TABLE_PAGES = 4
_NOT_SORTABLE = {
    "json", "jsonb", "xml", "point", "box", "path", "polygon", "circle", "line", "lseg", "vector", "halfvec",
}  # fmt: skip
_WORD = re.compile(r"\W+")


@dataclass(frozen=True)
class Proposal:
    """A candidate and why it has this form."""

    definition: IndexDefinition
    reason: str


@dataclass(frozen=True)
class _Predicate:
    text: str
    column: str
    label: str


def propose(shape: StatementShape, snapshot: Snapshot, inferred: Iterable[InferredValue] = ()) -> Iterator[Proposal]:
    """Yield candidate B-trees for one statement; none whose keys an existing index already leads with."""
    known = tuple(inferred)
    for block in shape.blocks:
        for table in dict.fromkeys(block.tables):
            found = snapshot.table_by_name[table]
            is_indexable = found.kind != "foreign table" and (found.pages > _SMALL_TABLE_PAGES or not found.pages)
            if is_indexable and found.rows > 0:
                yield from _for_table(table, block, snapshot, known)


def _for_table(
    table: QualifiedName, block: Block, snapshot: Snapshot, inferred: tuple[InferredValue, ...]
) -> Iterator[Proposal]:
    conditions = [c for c in block.conditions if c.column.table == table]
    equal = _by_distinctness(table, (c.column.column for c in conditions if c.operator in ("=", "in")), snapshot)
    joined = _by_distinctness(table, _join_columns(table, block), snapshot)
    ranges = list(dict.fromkeys(c.column.column for c in conditions if c.operator in ("range", "like")))
    order = tuple(IndexKey(k.column.column, None, k.is_descending, k.nulls_first) for k in _order(table, block))
    predicates = tuple(chain.from_iterable(_predicates(c, inferred) for c in conditions))
    keys: list[tuple[tuple[IndexKey, ...], str]] = []
    together = (tuple(equal), (*equal, *joined[:1]), (*joined[:1], *equal))
    for lead in dict.fromkeys((*together, *((column,) for column in (*equal, *joined)))):
        plain = tuple(IndexKey(column) for column in lead)
        said = f"equality on {', '.join(map(quote, lead))} first" if lead else ""
        if lead:
            keys.append((plain, said))
        rest = tuple(key for key in order if key.column not in lead)
        for length in range(1, len(rest) + 1):
            keys.append((plain + rest[:length], f"{said}, then the order of the result, so that nothing is sorted"))
        for column in ranges:
            if column not in lead:
                keys.append(((*plain, IndexKey(column)), f"{said}, then the range on {quote(column)}"))
    for group, reason in dict.fromkeys(keys):
        yield from _variants(table, group, reason.removeprefix(", then "), predicates, block, snapshot)


def _variants(
    table: QualifiedName,
    keys: tuple[IndexKey, ...],
    reason: str,
    predicates: tuple[_Predicate, ...],
    block: Block,
    snapshot: Snapshot,
) -> Iterator[Proposal]:
    bare = _definition(table, keys, None)
    if _is_possible(bare, snapshot):
        yield Proposal(bare, reason)
        included = _included(bare, block, snapshot)
        if included:
            covering = IndexDefinition(bare.name, table, keys, include=included)
            yield Proposal(covering, f"{reason}; the included columns save the visit to the table")
    for predicate in predicates:
        rest = tuple(key for key in keys if key.column != predicate.column)
        partial = _definition(table, rest, predicate)
        if rest and _is_possible(partial, snapshot):
            yield Proposal(partial, f"{reason}; partial, for only rows with {predicate.text} are asked for")


def _definition(table: QualifiedName, keys: tuple[IndexKey, ...], predicate: _Predicate | None) -> IndexDefinition:
    columns = tuple(key.column for key in keys if key.column is not None)
    name = index_name(table, columns, predicate.label if predicate else "")
    return IndexDefinition(name, table, keys, predicate=predicate.text if predicate else None)


def _predicates(condition: Condition, inferred: tuple[InferredValue, ...]) -> Iterator[_Predicate]:
    column = condition.column.column
    if condition.operator in ("is null", "is not null", "is true", "is false"):
        text = {"is true": quote(column), "is false": f"NOT {quote(column)}"}.get(
            condition.operator, f"{quote(column)} {condition.operator.upper()}"
        )
        yield _Predicate(text, column, _label(column, condition.operator.removeprefix("is ")))
    values = {condition.value} if condition.operator == "=" and condition.value is not None else set()
    values |= {one.value for one in inferred if one.column == condition.column and one.parameter == condition.parameter}
    for value in sorted(values):
        yield _Predicate(f"{quote(column)} = {quote_literal(value).strip()}", column, _label(column, value))


def _label(column: str, value: str) -> str:
    return _WORD.sub("_", f"{column}_{value}".lower()).strip("_")


def _is_possible(definition: IndexDefinition, snapshot: Snapshot) -> bool:
    table = snapshot.table_by_name[definition.table]
    columns = [table.column_by_name[name] for name in definition.columns]
    if not 0 < len(columns) <= _MOST_KEYS or any(c.base_type in _NOT_SORTABLE for c in columns):
        return False
    widths = [_width(definition.table, column.name, snapshot) for column in columns]
    return sum(widths) <= _MOST_KEY_BYTES and not is_covered(definition, snapshot)


def is_covered(definition: IndexDefinition, snapshot: Snapshot) -> bool:
    """Tell whether an existing valid index has the same leading keys, in this or the exactly opposite order."""
    for index in snapshot.indexes_by_table.get(definition.table, ()):
        existing = index.definition
        if not index.is_valid or existing.method != "btree" or existing.predicate not in (None, definition.predicate):
            continue
        if _leads(existing.keys, definition.keys) and set(definition.include) <= {*existing.columns, *existing.include}:
            return True
    return False


def _leads(existing: tuple[IndexKey, ...], wanted: tuple[IndexKey, ...]) -> bool:
    if len(existing) < len(wanted):
        return False
    pairs = list(zip(existing, wanted, strict=False))
    if any(one.column != other.column or one.column is None or one.operator_class for one, other in pairs):
        return False
    turned = {one.is_descending != other.is_descending for one, other in pairs}
    return len(pairs) == 1 or len(turned) == 1


def _included(definition: IndexDefinition, block: Block, snapshot: Snapshot) -> tuple[str, ...]:
    """Return the few small columns that would make it an index-only scan; empty when there are too many or none."""
    if definition.table in block.reads_all_of:
        return ()
    read = dict.fromkeys(use.column for use in block.outputs if use.table == definition.table)
    missing = tuple(column for column in read if column not in definition.columns)
    width = sum(_width(definition.table, column, snapshot) for column in missing)
    return missing if 0 < len(missing) <= _MOST_INCLUDED and width <= _MOST_INCLUDED_BYTES else ()


def _width(table: QualifiedName, column: str, snapshot: Snapshot) -> int:
    known = snapshot.statistics_by_column.get((table, column))
    return known.average_width if known else 8


def _join_columns(table: QualifiedName, block: Block) -> Iterator[str]:
    for join in block.joins:
        for side in (join.left, join.right):
            if side.table == table:
                yield side.column


def _order(table: QualifiedName, block: Block) -> tuple[SortKey, ...]:
    keys = block.order_by or tuple(SortKey(column) for column in block.group_by)
    return keys if all(key.column.table == table for key in keys) else ()


def _by_distinctness(table: QualifiedName, columns: Iterable[str], snapshot: Snapshot) -> list[str]:
    """Return each column once, the one with the most distinct values first."""
    rows = snapshot.table_by_name[table].rows

    def distinct(column: str) -> float:
        known = snapshot.statistics_by_column.get((table, column))
        return known.distinct_count(rows) if known else 0.0

    return sorted(dict.fromkeys(columns), key=distinct, reverse=True)
