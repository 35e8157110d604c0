"""What stops work on partitions."""

from __future__ import annotations

from collections.abc import Sequence

from pgwright_runtime.retention.errors import RetentionError


class PartitionError(RetentionError):
    """Base of what stops work on partitions."""


class NotPartitioned(PartitionError):
    """A table is not partitioned, or not by ranges of the column that the policy names."""

    def __init__(self, table: str, reason: str) -> None:
        self.table = table
        super().__init__(f"{table} {reason}")


class NotConvertible(PartitionError):
    """Something about a table has to change before it can be partitioned, or made whole again."""

    def __init__(self, table: str, what: str, obstacles: Sequence[str]) -> None:
        self.table, self.obstacles = table, tuple(obstacles)
        lines = "".join(f"\n- {one}" for one in obstacles)
        super().__init__(f"{table} cannot be {what} as it is:{lines}")


class LockNotGranted(PartitionError):
    """Others held a table in every try; nothing was changed by this step."""

    def __init__(self, what: str, tries: int, wait_ms: int, holders: Sequence[str]) -> None:
        self.holders = tuple(holders)
        who = "; ".join(holders) or "they have ended"
        super().__init__(
            f"no lock in {tries} tries of {wait_ms} ms to {what}. Who may hold it, longest first: {who}. "
            "Run it again when they are through; what is done is not done twice"
        )


class PartitionKept(PartitionError):
    """A partition stays as it is, or is not made; a run tells the reason and goes on."""
