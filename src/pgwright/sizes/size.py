"""The size of an index, as a value; the page that all methods share."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from pgwright.model.index import IndexDefinition
from pgwright.model.table import PAGE_BYTES

PAGE_SPACE = PAGE_BYTES - 24
"""Bytes of a page after its header (SizeOfPageHeaderData); a method's own special space goes off this."""
LINE_POINTER_BYTES = 4
TUPLE_HEADER_BYTES = 8
"""IndexTupleData: a row's address and the tuple's length."""
TID_BYTES = 6


@dataclass(frozen=True)
class IndexSize:
    pages: int
    tree_height: int
    """Levels above the leaves; 0 for what is no tree."""
    rows: float

    @property
    def size_bytes(self) -> int:
        return self.pages * PAGE_BYTES


def aligned(width: float, boundary: int = 8) -> int:
    """Return a length rounded up to the next boundary (MAXALIGN for 8)."""
    return boundary * math.ceil(width / boundary)


def parameter(definition: IndexDefinition, name: str, default: int) -> int:
    """Return a storage parameter of an index, or the default where it is not set or no number."""
    for text in definition.parameters:
        key, _, value = text.partition("=")
        if key.strip().lower() == name and value.strip(" '").isdigit():
            return int(value.strip(" '"))
    return default


def mentions(text: str, column: str) -> bool:
    """Tell whether SQL text names a column.

    >>> mentions("sub_status = 'new'", "status")
    False
    """
    return re.search(rf"(?<![\w$]){re.escape(column)}(?![\w$])", text) is not None
