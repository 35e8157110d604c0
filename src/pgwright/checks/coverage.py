"""What an index does for a set of columns, and what one index does for another."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import replace

from pgwright.checks.families import IndexFamily, TableFamily
from pgwright.model.index import Index, IndexDefinition, IndexKey, index_name
from pgwright.model.memo import once_a_snapshot
from pgwright.model.names import MAX_IDENTIFIER_BYTES, QualifiedName, quote
from pgwright.model.snapshot import Snapshot


def serves_equality(index: Index, columns: tuple[str, ...]) -> bool:
    """Tell whether `a = … AND b = …` over all rows finds them by this index.

    Its first keys must be the columns, in any order. A partial index counts only when its predicate says no more
    than that one of the columns is not null, for a comparison implies that.
    """
    definition = index.definition
    leading = definition.columns[: len(columns)]
    has_room = definition.method == "btree" or (definition.method == "hash" and len(columns) == 1)
    return index.is_valid and has_room and set(leading) == set(columns) and _spans(definition, columns)


def _spans(definition: IndexDefinition, columns: tuple[str, ...]) -> bool:
    if definition.predicate is None:
        return True
    return without_parentheses(definition.predicate) in {f"{quote(column)} IS NOT NULL" for column in columns}


def without_parentheses(expression: str) -> str:
    """Return an expression without the pair of parentheses that PostgreSQL prints around it.

    >>> without_parentheses("(deleted_at IS NULL)"), without_parentheses("(a > 1) AND (b > 2)")
    ('deleted_at IS NULL', '(a > 1) AND (b > 2)')
    """
    depth = 0
    for position, character in enumerate(expression):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth == 0:
            is_wrapped = position > 0 and position == len(expression) - 1
            return expression[1:-1] if is_wrapped else expression
    return expression


def is_served(
    snapshot: Snapshot, family: TableFamily, columns: tuple[str, ...], *, without: Iterable[Index] = ()
) -> bool:
    """Tell whether an index finds rows by these columns: one of the whole table, or one of each partition."""
    hidden = {index.name for index in without}

    def has_one(table: QualifiedName) -> bool:
        indexes = snapshot.indexes_by_table.get(table, ())
        return any(index.name not in hidden and serves_equality(index, columns) for index in indexes)

    return has_one(family.name) or (family.is_partitioned and all(has_one(leaf.name) for leaf in family.leaves))


def does_the_work_of(longer: IndexDefinition, shorter: IndexDefinition) -> bool:
    """Tell whether every query that `shorter` serves is served by `longer`; uniqueness is another matter.

    Both are B-trees of the same rows, and the keys of `shorter` are the first keys of `longer`, all in the same or
    all in the opposite direction, for a B-tree is read both ways.
    """
    if longer.table != shorter.table or {longer.method, shorter.method} != {"btree"}:
        return False
    if longer.predicate != shorter.predicate or not _holds(longer, shorter.include):
        return False
    ours = [_explicit(key) for key in shorter.keys]
    theirs = [_explicit(key) for key in longer.keys[: len(ours)]]
    return theirs in (ours, [_reversed(key) for key in ours])


def _holds(definition: IndexDefinition, columns: tuple[str, ...]) -> bool:
    return set(columns) <= {*definition.include, *(key.column for key in definition.keys)}


def _explicit(key: IndexKey) -> IndexKey:
    return replace(key, nulls_first=key.is_descending if key.nulls_first is None else key.nulls_first)


def _reversed(key: IndexKey) -> IndexKey:
    return replace(key, is_descending=not key.is_descending, nulls_first=not key.nulls_first)


def free_name(snapshot: Snapshot, table: QualifiedName, columns: tuple[str, ...], suffix: str = "") -> str:
    """Return the conventional name of a new index, with a number where another one of the schema has it."""
    name = base = index_name(table, columns, suffix)
    for number in itertools.count(2):
        if QualifiedName(table.schema, name) not in _index_names(snapshot):
            break
        end = f"_{number}"
        name = base.encode()[: MAX_IDENTIFIER_BYTES - len(end)].decode(errors="ignore") + end
    return name


@once_a_snapshot
def _index_names(snapshot: Snapshot) -> frozenset[QualifiedName]:
    return frozenset(index.name for index in snapshot.indexes)


def is_droppable(index: Index) -> bool:
    """Tell whether nothing but speed rests on an index, and it is no part of a partitioned one."""
    return not index.enforces and not index.is_primary and index.parent is None


def substitutes(index: IndexFamily, others: Iterable[IndexFamily]) -> list[IndexFamily]:
    """Return the valid indexes that do the work of this one, and more: not those that do exactly the same."""
    return [
        other
        for other in others
        if other.head is not index.head
        and other.head.is_valid
        and does_the_work_of(other.head.definition, index.head.definition)
        and not is_duplicate(other.head.definition, index.head.definition)
    ]


def is_duplicate(one: IndexDefinition, other: IndexDefinition) -> bool:
    """Tell whether two indexes hold the same entries in the same order, whatever they enforce."""
    same_rows = (one.table, one.method, one.predicate) == (other.table, other.method, other.predicate)
    same_keys = [_explicit(key) for key in one.keys] == [_explicit(key) for key in other.keys]
    return same_rows and same_keys and set(one.include) == set(other.include)
