"""HNSW (pgvector) where rows are sorted by a vector's distance and the nearest few are asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pgwright.advisor.candidates.proposal import Proposal, define
from pgwright.advisor.candidates.use import TableUse
from pgwright.model.index import IndexKey
from pgwright.model.names import quote

_CLASSES = {"<->": "l2_ops", "<=>": "cosine_ops", "<#>": "ip_ops", "<+>": "l1_ops"}
_BIT_CLASSES = {"<~>": "bit_hamming_ops", "<%>": "bit_jaccard_ops"}
# HNSW_MAX_DIM of pgvector, twice as many for half precision.
_MOST_DIMENSIONS = {"vector": 2_000, "halfvec": 4_000}
_DIMENSIONS = re.compile(r"\((\d+)\)")


def for_vectors(use: TableUse) -> Iterator[Proposal]:
    if not use.block.has_limit:
        return
    for distance in use.block.distances:
        column = distance.column.column
        if distance.column.table != use.name or _is_served(use, column):
            continue
        operator_class = _operator_class(use, column, distance.symbol)
        if operator_class is not None:
            key = IndexKey(column, operator_class=operator_class)
            reason = (
                f"the nearest by {quote(column)} {distance.symbol} are asked for; approximate, so some may be missed"
            )
            yield Proposal(define(use.name, (key,), method="hnsw"), reason)


def _operator_class(use: TableUse, column: str, symbol: str) -> str | None:
    kind = use.base_type(column)
    if kind == "bit":
        return _BIT_CLASSES.get(symbol)
    dimensions = _DIMENSIONS.search(use.table.column_by_name[column].type)
    most = _MOST_DIMENSIONS.get(kind)
    is_possible = most is not None and dimensions is not None and int(dimensions[1]) <= most
    return f"{kind}_{_CLASSES[symbol]}" if is_possible and symbol in _CLASSES else None


def _is_served(use: TableUse, column: str) -> bool:
    """Tell whether some vector index exists on the column; another kind is a matter of tuning it."""
    indexes = use.snapshot.indexes_by_table.get(use.name, ())
    return any(
        i.is_valid and i.definition.method in ("hnsw", "ivfflat") and column in i.definition.columns for i in indexes
    )
