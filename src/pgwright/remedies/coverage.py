"""Whether one index does what another would do."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Any

from pglast import ast, parse_sql
from pglast.parser import ParseError
from pglast.stream import RawStream
from pglast.visitors import Visitor

from pgwright.model.index import IndexDefinition, IndexKey

# `(status)::text = 'new'::text` is how the server prints `status = 'new'` of a varchar column.
_TEXT_TYPES = {"text", "varchar", "bpchar"}


def serves(index: IndexDefinition, wanted: IndexDefinition) -> bool:
    """Return whether `index` does all that `wanted` would do, on the same table."""
    if index.method != wanted.method or not _serves_rows(index, wanted):
        return False
    have, want = _keys(index), _keys(wanted)
    if wanted.is_unique:
        alike = index.is_unique and index.nulls_not_distinct == wanted.nulls_not_distinct
        return alike and have == want and set(wanted.include) <= set(index.include)
    stored = {key.column for key in index.keys} | set(index.include)
    prefix = have[: len(want)] if index.method == "btree" else have
    return prefix == want and set(wanted.include) <= stored


def serves_foreign_key(index: IndexDefinition, columns: tuple[str, ...]) -> bool:
    """Return whether the index finds the rows that reference one key, so that columns may stand in any order."""
    leading = index.columns[: len(columns)]
    return index.method == "btree" and index.predicate is None and sorted(leading) == sorted(columns)


def same_condition(one: str | None, other: str | None) -> bool:
    """Return whether two predicates are the same but for parentheses and the casts that the server adds.

    >>> same_condition("(deleted_at IS NULL)", "deleted_at is null")
    True
    >>> same_condition("((status)::text = 'new'::text)", "status = 'new'")
    True
    >>> same_condition("status = 'new'", "status = 'old'")
    False
    """
    return one == other or (one is not None and other is not None and _normal(one) == _normal(other))


def _serves_rows(index: IndexDefinition, wanted: IndexDefinition) -> bool:
    if wanted.is_unique:
        return same_condition(index.predicate, wanted.predicate)
    return index.predicate is None or same_condition(index.predicate, wanted.predicate)


def _keys(index: IndexDefinition) -> tuple[IndexKey, ...]:
    return tuple(_plain(key) for key in index.keys)


def _plain(key: IndexKey) -> IndexKey:
    nulls = None if key.nulls_first == key.is_descending else key.nulls_first
    expression = _normal(key.expression) if key.expression else key.expression
    return replace(key, nulls_first=nulls, expression=expression)


@lru_cache(maxsize=4096)
def _normal(condition: str) -> str:
    """Return the condition in one spelling."""
    try:
        tree = parse_sql(f"SELECT {condition}")
    except ParseError:
        return condition
    _WithoutCasts()(tree)
    return RawStream()(tree)


class _WithoutCasts(Visitor):
    """Drops casts of literals, and casts to text of anything."""

    def visit_TypeCast(self, ancestors: object, node: Any) -> object:  # noqa: N802
        is_text = node.typeName.names[-1].sval in _TEXT_TYPES
        return node.arg if is_text or isinstance(node.arg, ast.A_Const) else None
