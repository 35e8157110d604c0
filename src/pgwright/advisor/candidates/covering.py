"""Indexes that hold every column a block reads of a table, so that the table is not visited."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from pgwright.advisor.candidates.btree import groups
from pgwright.advisor.candidates.proposal import Proposal, define
from pgwright.advisor.candidates.use import TableUse
from pgwright.model.index import IndexKey

MOST_COLUMNS = 10
# Below half of the row an index-only scan reads at most about half of the table's pages, for the index's own overhead
# is about that of a row. Above that the index is a second copy of the table.
MOST_SHARE_OF_ROW = 0.5
_MOST_COVERING = 10
# Types whose equal values may differ in their bytes are never deduplicated: nbtree/nbtutils.c, _bt_allequalimage.
_NEVER_DEDUPLICATED = {"numeric", "float4", "float8", "interval"}
_FEW_ROWS_A_KEY = 2.0


def covering(use: TableUse) -> Iterator[Proposal]:
    if not use.reads:
        return
    made = 0
    for group in groups(use):
        if group.covers and made < _MOST_COVERING:
            for keys, include in widened(use, group.keys):
                made += 1
                reason = f"{group.reason}; it holds every column read, so the table is not visited"
                yield Proposal(define(use.name, keys, include=include), reason)
    if not made:
        for keys, include in widened(use, ()):
            reason = "no condition finds few rows, but it holds every column read in far fewer pages than the table"
            yield Proposal(define(use.name, keys, include=include), reason)


def widened(
    use: TableUse, keys: tuple[IndexKey, ...], without: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[IndexKey, ...], tuple[str, ...]]]:
    """Yield keys and included columns that hold all that is read; nothing where that is too wide or nothing more.

    Further columns are keys where that lets equal tuples share their space, which included columns forbid.

    Args:
        without: columns that need not be there.
    """
    held = {key.column for key in keys}
    missing = [column for column in use.reads if column not in held and column not in without]
    every = [*(column for column in held if column is not None), *missing]
    if not missing or len(every) > MOST_COLUMNS or sum(map(use.width, every)) > MOST_SHARE_OF_ROW * use.row_bytes:
        return
    missing.sort(key=use.distinct)
    as_keys = keys + use.keys(missing)
    distinct = prod(max(use.distinct(column), 1.0) for column in every)
    is_shared = distinct * _FEW_ROWS_A_KEY <= use.table.rows and not any(
        use.base_type(column) in _NEVER_DEDUPLICATED or not use.distinct(column) for column in every
    )
    if is_shared and use.fits(as_keys):
        yield as_keys, ()
        return
    first = keys or next((use.keys([column]) for column in missing if use.fits(use.keys([column]))), ())
    rest = tuple(column for column in missing if column not in {key.column for key in first})
    if first and use.fits(first):
        yield first, rest
