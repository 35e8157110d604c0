"""GIN for what holds many values: jsonb, arrays, full text."""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.advisor.candidates.proposal import Proposal, define
from pgwright.advisor.candidates.use import TableUse
from pgwright.model.index import IndexKey
from pgwright.model.names import quote

_PATHS = {"@>", "@?", "@@"}
_JSON_KEYS = {"?", "?|", "?&"}
_ARRAY = {"@>", "&&", "<@"}
_TEXT_SEARCH = {"@@", "@@@"}


def inverted(use: TableUse) -> Iterator[Proposal]:
    for one in use.every_condition:
        column = one.column.column
        if column in use.table.column_by_name:
            yield from _for(use, IndexKey(column), quote(column), use.base_type(column), one.symbol)
    for other in use.expressions:
        if other.operator == "other" and other.cast_to is None:
            is_document = other.text.startswith(("to_tsvector(", "pg_catalog.to_tsvector("))
            is_json = any(use.base_type(column) == "jsonb" for column in other.columns)
            kind = "tsvector" if is_document else "jsonb" if is_json else ""
            yield from _for(use, IndexKey(None, other.text), other.text, kind, other.symbol)


def _for(use: TableUse, key: IndexKey, said: str, kind: str, symbol: str) -> Iterator[Proposal]:
    if kind == "jsonb" and symbol in _PATHS:
        yield _gin(use, key, "jsonb_path_ops", f"{said} is searched by {symbol}, and hashes of its paths are smallest")
    if kind == "jsonb" and symbol in _JSON_KEYS:
        yield _gin(use, key, None, f"{said} is searched by {symbol}, which asks for its keys")
    if kind.startswith("_") and symbol in _ARRAY:
        yield _gin(use, key, None, f"{said} is searched by {symbol}, which asks for its elements")
    if kind == "tsvector" and symbol in _TEXT_SEARCH:
        yield _gin(use, key, None, f"the words of {said} are searched (one row takes 1 MB of different ones at most)")
    if kind == "hstore" and symbol in _PATHS | _JSON_KEYS:
        yield _gin(use, key, None, f"{said} is searched by {symbol}")


def _gin(use: TableUse, key: IndexKey, operator_class: str | None, reason: str) -> Proposal:
    whole = IndexKey(key.column, key.expression, operator_class=operator_class)
    return Proposal(define(use.name, (whole,), method="gin"), reason)
