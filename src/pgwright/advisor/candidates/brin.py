"""BRIN where a large table lies on disk in the order of a column that is searched by range."""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.advisor.candidates.proposal import Proposal, define
from pgwright.advisor.candidates.use import TableUse
from pgwright.model.names import quote

# Below this a range of blocks holds values from all over, and a scan of the summaries excludes little.
_LEAST_CORRELATION = 0.9
# Eight ranges of the default 128 pages: fewer cannot leave out much.
_FEWEST_PAGES = 1_024


def block_ranges(use: TableUse) -> Iterator[Proposal]:
    if use.table.pages < _FEWEST_PAGES:
        return
    columns = (
        c.column.column
        for c in use.block.conditions
        if c.column.table == use.name and c.operator in ("range", "=", "in")
    )
    for column in use.sorted_columns(columns):
        known = use.snapshot.statistics_by_column.get((use.name, column))
        if known is not None and abs(known.correlation or 0.0) > _LEAST_CORRELATION:
            reason = (
                f"rows lie on disk in the order of {quote(column)} (correlation {known.correlation:.2f}), "
                "so a few bytes for each 128 pages tell which to read"
            )
            yield Proposal(define(use.name, use.keys([column]), method="brin"), reason)
