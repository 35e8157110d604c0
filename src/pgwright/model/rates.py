"""How fast a server works, by the kind of work; seconds for one of each. Measured by `durations/calibration.py`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Rates:
    """What one unit of work takes, in seconds, unless a field says otherwise."""

    source: str
    """What they were measured on, in words; begins with "measured"."""
    heap_page_read: float
    """A page read in order, from memory."""
    row_read: float
    """A row taken from its page and looked at."""
    heap_page_written: float
    """A page of a new file, with its WAL."""
    row_written: float
    """A row formed anew and put into a new file."""
    key_sorted: float
    """A row taken into an index, whatever its key is."""
    key_compared: float
    """Two keys compared that are numbers, uuids or texts compared byte by byte; n·log2(n) of them sort n keys."""
    text_compared: float
    """Two texts compared by the rules of a language."""
    index_page_written: float
    """A page of a new B-tree, with its WAL."""
    page_spilled: float
    """A page that a sort or a hash writes to disk and reads again."""
    worker_share: float
    """What each parallel worker adds to the work of the session itself, from 0 to 1."""
    row_matched: float
    """A row of a foreign key looked up in a hash of the rows that it refers to."""
    row_updated: float
    row_deleted: float
    index_entry_added: float
    """An entry put into an existing B-tree, in no order."""
    row_evaluated: float
    """An expression with a function call, for one row."""
    toast_page_copied: float
    """A page of large values, read and written anew."""
    gin_item: float
    """An entry of a GIN index."""
    gist_row: float
    statement: float
    """What a statement and its commit take, without any row."""


# By `python -m pgwright.durations.calibration`, PostgreSQL 18.4, 2 cores of a cloud machine with an SSD, fsync on.
DEFAULT_RATES = Rates(
    source="not measured here: those of a cloud machine with 2 cores and an SSD",
    heap_page_read=4e-6,
    row_read=40e-9,
    heap_page_written=20e-6,
    row_written=300e-9,
    key_sorted=150e-9,
    key_compared=8e-9,
    text_compared=40e-9,
    index_page_written=20e-6,
    page_spilled=10e-6,
    worker_share=0.6,
    row_matched=200e-9,
    row_updated=3e-6,
    row_deleted=1e-6,
    index_entry_added=1.5e-6,
    row_evaluated=300e-9,
    toast_page_copied=40e-6,
    gin_item=0.12e-6,
    gist_row=3e-6,
    statement=3e-3,
)
