"""Keyset paging: a page that costs the same however deep it lies, in any order, with signed cursors and a total."""

from pgwright_runtime.paging.errors import InvalidCursor, InvalidPage, InvalidPageSize, NotPageable
from pgwright_runtime.paging.indexes import suggest_index
from pgwright_runtime.paging.page import Page
from pgwright_runtime.paging.pager import Pager, PageRequest, PagerOptions
from pgwright_runtime.paging.totals import Total, TotalKind, count_rows

__all__ = [
    "InvalidCursor",
    "InvalidPage",
    "InvalidPageSize",
    "NotPageable",
    "Page",
    "PageRequest",
    "Pager",
    "PagerOptions",
    "Total",
    "TotalKind",
    "count_rows",
    "suggest_index",
]
