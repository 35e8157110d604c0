"""LIKE, regular expressions and similarity: B-trees by bytes for a prefix, trigrams for anything inside."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgwright.advisor.candidates.proposal import Proposal, define
from pgwright.advisor.candidates.use import TableUse
from pgwright.model.index import IndexKey
from pgwright.model.names import quote
from pgwright.sqltext import Operator

_TRIGRAM = {"~~*", "~", "~*", "%", "<%", "%>", "<<%", "%>>"}
_BY_BYTES = {"text": "text_pattern_ops", "varchar": "varchar_pattern_ops", "bpchar": "bpchar_pattern_ops"}
# A trigram needs three characters that stand together.
_TRIGRAM_LENGTH = 3


@dataclass(frozen=True)
class _Match:
    key: IndexKey
    said: str
    operator: Operator
    symbol: str
    value: str | None
    type: str
    is_bytewise: bool
    columns: tuple[str, ...]


def for_patterns(use: TableUse) -> Iterator[Proposal]:
    for match in _matches(use):
        is_like = match.operator == "like"
        is_inside = is_like and (match.value is None or match.value[:1] in ("%", "_"))
        is_prefix = is_like and (match.value is None or match.value[:1] not in ("%", "_"))
        if is_prefix and not match.is_bytewise and match.type in _BY_BYTES:
            yield from _by_bytes(match, use)
        is_trigram = is_inside or match.symbol in _TRIGRAM
        if is_trigram and match.type in ("text", "varchar") and _is_long_enough(match.value):
            yield from _by_trigrams(match, use)


def _matches(use: TableUse) -> Iterator[_Match]:
    for one in use.every_condition:
        column = one.column.column
        if column in use.table.column_by_name:
            yield _Match(
                IndexKey(column), quote(column), one.operator, one.symbol, one.value, use.base_type(column),
                use.is_bytewise(column), (column,),
            )  # fmt: skip
    for other in use.expressions:
        if other.cast_to is None:
            is_bytewise = all(use.is_bytewise(column) for column in other.columns)
            key = IndexKey(None, other.text)
            yield _Match(key, other.text, other.operator, other.symbol, other.value, "text", is_bytewise, other.columns)


def _by_bytes(match: _Match, use: TableUse) -> Iterator[Proposal]:
    key = IndexKey(match.key.column, match.key.expression, operator_class=_BY_BYTES[match.type])
    reason = f"the start of {match.said} is given, and under this collation only a comparison by bytes finds it"
    if match.key.column is None or use.fits((key,)):
        yield Proposal(define(use.name, (key,)), reason)
    lead = tuple(column for column in use.equal if column not in match.columns)
    if lead and use.fits((*use.keys(lead), key)):
        yield Proposal(define(use.name, (*use.keys(lead), key)), f"equality on {', '.join(lead)} first; {reason}")


def _by_trigrams(match: _Match, use: TableUse) -> Iterator[Proposal]:
    """Yield a GIN of trigrams, where pg_trgm is installed; the twin has what production has."""
    if "pg_trgm" not in use.snapshot.server.extensions:
        return
    key = IndexKey(match.key.column, match.key.expression, operator_class="gin_trgm_ops")
    reason = f"{match.said} is searched for a part, which only an index of its trigrams finds"
    yield Proposal(define(use.name, (key,), method="gin"), reason)


def _is_long_enough(value: str | None) -> bool:
    parts = (value or "xxx").replace("_", "%").split("%")
    return max(map(len, parts)) >= _TRIGRAM_LENGTH
