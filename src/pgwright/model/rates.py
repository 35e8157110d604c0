"""How fast a server works, by the kind of work; seconds for one of each. Measured by `durations/calibration.py`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Rates:
    """What one unit of work takes, in seconds, unless a field says otherwise."""

    source: str
    """What they were measured on, in words: `measured on this machine with PostgreSQL 18.4`."""
    page_read: float
    """A page of a table read in order, from memory."""
    row_read: float
    """A row taken from its page and looked at."""
    page_written: float
    """A page of a new file, with its WAL."""
    row_written: float
    """A row formed anew and put into a new file."""
    large_page_copied: float
    """A page of values that are kept apart (TOAST), read and written anew."""
    row_evaluated: float
    """A function called for a row."""
    uuid_drawn: float
    """A random uuid made for a row, which asks the system for random bytes."""
    key_sorted: float
    """A row taken into a B-tree, in order."""
    key_compared: float
    """Two keys compared that are numbers; n·log2(n) of them sort n keys."""
    text_compared: float
    """Two texts compared byte by byte."""
    worker_share: float
    """What each parallel worker adds to the speed of a build, as a share of what the session does alone; on a busy
    machine it may be negative."""
    row_matched: float
    """A row looked up in a hash of others, or put into it."""
    row_updated: float
    """Given a new version, without the pages that take it and the entries in indexes."""
    row_deleted: float
    row_inserted: float
    """By INSERT … SELECT, likewise."""
    entry_added: float
    """An entry put into an existing B-tree, in no order."""
    row_checked: float
    """A look for the partner of one row by a foreign key, as a trigger does it, by an index."""
    gin_share: float
    """How long a GIN index takes, as a share of what `sizes/builds.py` says for the machine of its constants."""
    gist_share: float
    """Likewise of a GiST index."""
    statement: float
    """A statement of DDL and its commit, without any row."""


# As `python bench/migrations.py durations` prints them, rounded: PostgreSQL 18.6, 2 cores of a cloud machine, an SSD.
DEFAULT_RATES = Rates(
    source="measured on another machine, with 2 cores and an SSD",
    page_read=1.3e-6,
    row_read=18e-9,
    page_written=15e-6,
    row_written=0.24e-6,
    large_page_copied=22e-6,
    row_evaluated=35e-9,
    uuid_drawn=1.2e-6,
    key_sorted=0.14e-6,
    key_compared=8e-9,
    text_compared=14e-9,
    worker_share=0.47,
    row_matched=58e-9,
    row_updated=0.72e-6,
    row_deleted=0.21e-6,
    row_inserted=0.29e-6,
    entry_added=1.6e-6,
    row_checked=5.2e-6,
    gin_share=0.52,
    gist_share=0.69,
    statement=0.8e-3,
)
