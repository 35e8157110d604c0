"""Hash indexes, where a value may be too large for a B-tree and is only ever compared for equality."""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.advisor.candidates.proposal import Proposal, define
from pgwright.advisor.candidates.use import TableUse
from pgwright.model.index import IndexKey
from pgwright.model.names import quote
from pgwright.sizes.limits import LARGEST_TUPLE, takes_every_row


def by_hash(use: TableUse) -> Iterator[Proposal]:
    keys = {IndexKey(column): quote(column) for column in (*use.equal, *use.joined)}
    keys |= {IndexKey(None, one.text): one.text for one in use.expressions if one.operator in ("=", "in")}
    for key, said in keys.items():
        if not takes_every_row(define(use.name, (key,)), use.snapshot):
            reason = f"equality on {said}, whose values may exceed the {LARGEST_TUPLE:,} bytes that a B-tree takes"
            yield Proposal(define(use.name, (key,), method="hash"), reason)
