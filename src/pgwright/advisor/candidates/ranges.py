"""GiST for range types, networks and shapes."""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.advisor.candidates.proposal import Proposal, define
from pgwright.advisor.candidates.use import TableUse
from pgwright.model.index import IndexKey
from pgwright.model.names import quote

_OVERLAP = {"&&", "@>", "<@", "<<", ">>", "&<", "&>", "-|-", "~=", "<<|", "|>>", "&<|", "|&>"}
_NETWORK = {"<<", "<<=", ">>", ">>=", "&&"}
_SHAPES = {"box", "point", "polygon", "circle", "geometry", "geography"}
_NETWORKS = {"inet", "cidr"}


def for_ranges(use: TableUse) -> Iterator[Proposal]:
    for one in use.every_condition:
        column = one.column.column
        if column not in use.table.column_by_name:
            continue
        kind = use.base_type(column)
        is_range = kind.endswith(("range", "multirange")) or kind in _SHAPES
        if is_range and one.symbol in _OVERLAP:
            key = IndexKey(column)
            yield _gist(use, (key,), f"{quote(column)} is searched by {one.symbol}, which no B-tree serves")
            if use.equal and "btree_gist" in use.snapshot.server.extensions:
                lead = use.keys(use.equal[:1])
                yield _gist(use, (*lead, key), f"equality on {quote(use.equal[0])}, then {quote(column)} {one.symbol}")
        if kind in _NETWORKS and one.symbol in _NETWORK:
            key = IndexKey(column, operator_class="inet_ops")
            yield _gist(use, (key,), f"{quote(column)} is searched by {one.symbol}, which no B-tree serves")
    for distance in use.block.distances:
        column = distance.column.column
        if distance.column.table == use.name and distance.symbol == "<->" and use.base_type(column) in _SHAPES:
            yield _gist(use, (IndexKey(column),), f"the nearest by {quote(column)} are asked for, in their order")


def _gist(use: TableUse, keys: tuple[IndexKey, ...], reason: str) -> Proposal:
    return Proposal(define(use.name, keys, method="gist"), reason)
