"""What a batch of a backfill does: set the columns of rows that are locked, and step over those that cannot be done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Boolean, Connection, Executable, func, literal_column, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql import quoted_name

from pgwright_runtime.backfills.declaration import Backfill
from pgwright_runtime.backfills.results import FailedRow
from pgwright_runtime.backfills.target import Target
from pgwright_runtime.batches import Acted, FoundRow
from pgwright_runtime.batches.errors import RowsMoved
from pgwright_runtime.batches.rows import by_table, is_at
from pgwright_runtime.batches.trouble import code_of

MOST_FAILED = 20
"""Rows whose keys are remembered, of those that could not be done."""
_UNCHANGED = "still to do after its columns were set: the condition holds for what the expressions give"
_KEPT = "kept as they were by a trigger or a rule"
# The row is to blame, not the statement: data, constraints, and what triggers and functions raise.
_OF_A_ROW = {"21": "gives more than one value", "22": "has data that the expression cannot take",
             "23": "would violate a constraint", "44": "would violate the check of a view",
             "54": "would exceed a limit of the server", "P0": "is refused by a trigger or a function"}  # fmt: skip


@dataclass
class BackfillAct:
    """Sets the columns of a backfill; what could not be set is noted."""

    backfill: Backfill
    target: Target
    failed: dict[tuple[str, ...], str] = field(default_factory=dict)
    """Reasons by key, of the first rows that could not be done."""

    _is_careful: bool = False
    """Take back what fails, and find the row: it costs savepoints, so only the batches around such a row do it."""

    def __call__(self, connection: Connection, rows: Sequence[FoundRow]) -> Acted:
        """Set the columns of as many of the rows as can be.

        Raises: RowsMoved: a row cannot be set, so the batch has to be done again.
        """
        left_out: dict[str, int] = {}
        if self._is_careful:
            changed = self._fill(connection, rows, left_out)
            self._is_careful = bool(left_out)
        else:
            changed = self._dare(connection, rows, left_out)
        return Acted({self.backfill.relation: changed} if changed else {}, len(rows), left_out)

    def _dare(self, connection: Connection, rows: Sequence[FoundRow], left_out: dict[str, int]) -> int:
        try:
            return self._set(connection, rows, left_out)
        except DBAPIError as error:
            if reason_of(error) is None:
                raise
            self._is_careful = True
            raise RowsMoved(len(rows), 0) from error

    def _fill(self, connection: Connection, rows: Sequence[FoundRow], left_out: dict[str, int]) -> int:
        """Set all of the rows by one statement; where one is to blame, halve them until it is alone."""
        try:
            with connection.begin_nested():
                return self._set(connection, rows, left_out)
        except DBAPIError as error:
            reason = reason_of(error)
            if reason is None:
                raise
        if len(rows) > 1:
            middle = len(rows) // 2
            return sum(self._fill(connection, part, left_out) for part in (rows[:middle], rows[middle:]))
        left_out[reason] = left_out.get(reason, 0) + 1
        if len(self.failed) < MOST_FAILED:
            self.failed[tuple(map(str, rows[0].position))] = reason
        return 0

    def _set(self, connection: Connection, rows: Sequence[FoundRow], left_out: dict[str, int]) -> int:
        changed, unchanged = 0, 0
        for oid, tids in by_table(row.address for row in rows):
            counts = connection.execute(self._statement(oid, tids)).one()
            changed, unchanged = changed + counts.rows, unchanged + counts.unchanged
        for why, number in ((_UNCHANGED, unchanged), (_KEPT, len(rows) - changed)):
            if number:
                left_out[why] = left_out.get(why, 0) + number
        return changed - unchanged

    def _statement(self, oid: int, tids: Sequence[str]) -> Executable:
        source = self.target.source
        values: dict[Any, Any] = {
            source.c[quoted_name(name, True)]: literal_column(value)
            for name, value in self.backfill.assignments().items()
        }
        is_left = literal_column(self.backfill.condition, Boolean()).label("is_left")
        done = update(source).where(is_at(source, oid, tids)).values(values).returning(is_left).cte("pgwright_done")
        return select(func.count().label("rows"), func.count().filter(done.c.is_left).label("unchanged")).select_from(
            done
        )

    def failed_rows(self) -> tuple[FailedRow, ...]:
        """Return the first of the rows that could not be done."""
        return tuple(FailedRow(key, reason) for key, reason in self.failed.items())


def reason_of(error: DBAPIError) -> str | None:
    """Return why one row cannot be done, without its values; None: it is not the row's fault."""
    code = code_of(error)
    words = _OF_A_ROW.get(code[:2])
    if words is None:
        return None
    constraint = getattr(getattr(error.orig, "diag", None), "constraint_name", None)
    return f"{words}{f' {constraint}' if constraint else ''} ({code})"
