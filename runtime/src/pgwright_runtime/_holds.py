"""A legal hold: what stays, whatever retention and erasure say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Table


@dataclass(frozen=True, eq=False)
class LegalHold:
    """Rows of a table that stay, and with them every row that they hang on: by order of a court, an audit, a dispute.

    Retention leaves them alone, and nobody is erased who has one. `LegalHold(Order, Order.legal_hold, "dispute")`, or
    by a table of holds: `LegalHold(User, exists().where(HeldUser.user_id == User.id), "litigation")`.
    """

    table: Table | type[Any]
    """A table, or a model's class."""
    condition: ColumnElement[bool] | Any
    """Holds for rows that stay; a column of truth values does."""
    reason: str
    """As reports name it; it is no place for personal data."""
    covers_below: bool = False
    """True: the rows are subjects, and all that refers to them stays too, through any number of tables."""
