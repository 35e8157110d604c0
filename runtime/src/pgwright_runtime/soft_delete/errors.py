"""What deletion and restoration refuse."""

from __future__ import annotations

from collections.abc import Sequence

from pgwright_runtime.errors import Error


class SoftDeleteError(Error):
    """Base of the errors of soft delete."""


class DeletionRefused(SoftDeleteError):
    """Living rows refer to what is to be deleted, by a foreign key without ON DELETE CASCADE or SET NULL."""

    def __init__(self, referring: Sequence[tuple[str, str]]) -> None:
        self.referring = tuple(referring)
        """The foreign key as `table.column`, and the primary key of a row that refers by it: a few of them."""
        rows = "; ".join(f"{key} of row {row}" for key, row in self.referring)
        super().__init__(f"living rows refer to it: {rows}. Delete or change them first, or declare ON DELETE CASCADE.")


class RestoreRefused(SoftDeleteError):
    """What was deleted cannot come back as things are; nothing was changed."""


class NotDeleted(RestoreRefused):
    """The row lives, or is gone for good."""

    def __init__(self, table: str, key: Sequence[object], is_there: bool) -> None:
        self.table, self.key, self.is_there = table, tuple(key), is_there
        state = "is not deleted" if is_there else "is not there: it was purged, or never existed"
        super().__init__(f"row {', '.join(map(repr, self.key))} of {table!r} {state}")


class ParentDeleted(RestoreRefused):
    """A row that would come back refers to one that is still deleted."""

    def __init__(self, parents: Sequence[tuple[str, str, str]]) -> None:
        self.parents = tuple(parents)
        """The foreign key as `table.column`, the table that it refers to, and the primary key of the deleted row."""
        rows = "; ".join(f"{key} refers to row {row} of {table!r}" for key, table, row in self.parents)
        super().__init__(f"what it belongs to is still deleted: {rows}. Restore that first.")


class KeyTaken(RestoreRefused):
    """A row that lives has a unique key of one that would come back."""

    def __init__(self, table: str | None, constraint: str | None) -> None:
        self.table, self.constraint = table, constraint
        """The unique index or constraint; None where the driver does not tell."""
        where = f" {constraint!r} of {table!r}" if constraint else ""
        super().__init__(f"the unique key{where} is taken by a row that lives. Change or delete that one first.")
