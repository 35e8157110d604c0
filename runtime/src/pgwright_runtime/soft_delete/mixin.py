"""What a model is that can be deleted and come back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Column, DateTime, Table
from sqlalchemy.orm import Mapped, mapped_column

COLUMN = "deleted_at"
TABLE_INFO = "soft_delete"


class SoftDelete:
    """Mixin of a declarative class whose rows are marked when they are deleted.

    All rows that one deletion marks bear the same moment, and `restore` brings back exactly those.
    """

    deleted_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True), default=None)


def mark_of(table: Table) -> Column[Any] | None:
    """Return the column that marks a deleted row of a table; None: its rows are deleted for good."""
    return table.c[COLUMN] if TABLE_INFO in table.info else None
