"""How the statements of this package see the rows that they delete and restore."""

from __future__ import annotations

from typing import TypeVar

from sqlalchemy import Executable

from pgwright_runtime.soft_delete.shown import show_deleted

E = TypeVar("E", bound=Executable)


def of_all_rows(statement: E) -> E:
    """Return a statement that sees deleted rows as well, in each of its parts."""
    return statement.options(show_deleted())
