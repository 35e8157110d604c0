"""Keyset paging: a page that costs the same however deep it lies, in any order, with signed cursors and a total."""

from pgwright_runtime.paging.errors import InvalidCursor, InvalidPage, InvalidPageSize, NotPageable
from pgwright_runtime.paging.indexes import suggest_index
from pgwright_runtime.paging.keyset import keyset_page, keyset_page_sync
from pgwright_runtime.paging.page import Page
from pgwright_runtime.paging.totals import Total, count_rows, count_rows_sync

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
