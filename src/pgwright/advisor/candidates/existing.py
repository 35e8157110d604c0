"""Whether an index that exists already does what a candidate would do."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from pglast import parse_sql
from pglast.parser import ParseError
from pglast.stream import RawStream

from pgwright.model.index import IndexDefinition, IndexKey
from pgwright.model.snapshot import Snapshot

_NOISE = re.compile(r"[()\s]")
# PostgreSQL writes the type of each constant; a statement seldom does.
_CONSTANT_TYPE = re.compile(r"('(?:[^']|'')*')::[a-z_]+(?: varying| with(?:out)? time zone)?(?:\[\])?")


def is_covered(definition: IndexDefinition, snapshot: Snapshot) -> bool:
    """Tell whether an existing valid index has the same leading keys, in this or the exactly opposite order.

    A partial index is another one than the same keys over all rows: `(id) WHERE status = 'pending'` beside `(id)`.
    """
    for index in snapshot.indexes_by_table.get(definition.table, ()):
        if index.is_valid and does_work_of(index.definition, definition):
            return True
    return False


def does_work_of(existing: IndexDefinition, wanted: IndexDefinition) -> bool:
    """Tell whether an index serves every search that another one of its table would; uniqueness is another matter."""
    if existing.table != wanted.table or existing.method != wanted.method:
        return False
    if normal(existing.predicate or "") != normal(wanted.predicate or ""):
        return False
    return _leads(existing, wanted) and set(wanted.include) <= {*existing.columns, *existing.include}


def _leads(existing: IndexDefinition, wanted: IndexDefinition) -> bool:
    if len(existing.keys) < len(wanted.keys):
        return False
    pairs = list(zip(existing.keys, wanted.keys, strict=False))
    if not all(_is_same(one, other) for one, other in pairs):
        return False
    if wanted.method != "btree":
        return True
    turned = {
        (one.is_descending != other.is_descending, _nulls_first(one) != _nulls_first(other)) for one, other in pairs
    }
    return turned in ({(False, False)}, {(True, True)})


def _is_same(one: IndexKey, other: IndexKey) -> bool:
    if one.operator_class != other.operator_class or one.column != other.column:
        return False
    return one.column is not None or normal(one.expression or "") == normal(other.expression or "")


def _nulls_first(key: IndexKey) -> bool:
    return key.is_descending if key.nulls_first is None else key.nulls_first


@lru_cache(maxsize=4096)
def normal(expression: str) -> str:
    """Return an expression so that PostgreSQL's way to write it and an app's compare equal.

    >>> normal("((payload ->> 'kind'::text))") == normal("payload->>'kind'")
    True
    """
    if not expression:
        return ""
    text = _CONSTANT_TYPE.sub(r"\1", expression)
    try:
        tree: Any = parse_sql(f"SELECT {text}")[0].stmt
        text = RawStream()(tree)
    except (ParseError, NotImplementedError, RecursionError):
        pass
    return _NOISE.sub("", text).removeprefix("SELECT")
