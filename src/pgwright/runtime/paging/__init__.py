"""Keyset paging: a page that costs the same however deep it lies, in any order, with signed cursors and a total."""

from pgwright.runtime.paging.errors import InvalidCursor, InvalidPage, InvalidPageSize, NotPageable
from pgwright.runtime.paging.indexes import suggest_index
from pgwright.runtime.paging.keyset import keyset_page, keyset_page_sync
from pgwright.runtime.paging.page import Page
from pgwright.runtime.paging.totals import Total, count_rows, count_rows_sync

__all__ = [
    "InvalidCursor",
    "InvalidPage",
    "InvalidPageSize",
    "NotPageable",
    "Page",
    "Total",
    "count_rows",
    "count_rows_sync",
    "keyset_page",
    "keyset_page_sync",
    "suggest_index",
]
