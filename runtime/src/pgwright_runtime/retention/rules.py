"""A policy, applied to one table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, ColumnElement, Table


@dataclass(frozen=True)
class Rule:
    """Which rows of a table are due."""

    name: str
    """`table (column)`."""
    table: Table
    says: str
    """What makes a row due, in words."""
    condition: Callable[[datetime, str], ColumnElement[bool]]
    """Holds for a row that is due at a moment; the text is the type of `column` in the database."""
    index: tuple[Column[Any], ...]
    """Columns that an index has to begin with."""
    column: Column[Any] | None = None
    """The moment that decides; None: it is not a moment alone."""
    age: timedelta = timedelta(0)
    """Counted from that moment."""
    is_partial: bool = False
    """A further condition says which rows it is about."""
