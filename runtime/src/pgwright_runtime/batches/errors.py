"""What keeps batches from running."""

from __future__ import annotations

from pgwright_runtime.errors import Error


class LockHeld(Error):
    """Another process does this work on this database already."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"{name!r} runs already on this database; two at once would stand in each other's way.")


class NotWalkable(Error, ValueError):
    """There is no order in which the rows of a table could be walked in bounded steps."""

    def __init__(self, table: str, reason: str, remedy: str) -> None:
        self.table, self.reason, self.remedy = table, reason, remedy
        super().__init__(f"{table} cannot be walked in batches: {reason}. {remedy}.")


class BatchTooSlow(Error):
    """Not even the smallest batch ended within the statement timeout."""

    def __init__(self, name: str, table: str, timeout_ms: int) -> None:
        self.table = table
        super().__init__(
            f"{name}: finding the next row of {table} took longer than {timeout_ms} ms. Make an index that leads with "
            "the columns of its condition, or give the batches more time: Pace(statement_timeout_ms=…)."
        )


class RowsMoved(Error):
    """Rows are not as a batch took them to be, so it is rolled back, and done again."""

    def __init__(self, expected: int, found: int) -> None:
        super().__init__(f"{expected - found} of {expected} rows changed while a batch ran")
