"""What of a revision is committed, when it runs once more: what may be taken as done, and what nobody can tell."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from pgwright_runtime.migrations import inside
from pgwright_runtime.migrations.errors import NotResumable
from pgwright_runtime.migrations.holders import shortened
from pgwright_runtime.migrations.journal import JournalLine
from pgwright_runtime.migrations.looking import SqlLook


class CommittedPart:
    """The committed statements of a revision, by their ordinal.

    A revision is a program: where it decides by what it reads, it may send other statements the next time. So each has
    to be the same as it was; and what writes rows is taken as done only if nothing was read before by which the
    revision could have chosen them.

    Raises: NotResumable: something before them was committed past the journal.
    """

    def __init__(self, revision: str, lines: Sequence[JournalLine]) -> None:
        self._revision = revision
        self._lines = {line.ordinal: line for line in lines}
        self._of_others = frozenset(self._lines)
        self.resumed_after = self._count()
        self.has_read_rows = False
        """In the try that runs."""
        if list(self._lines) != list(range(1, len(lines) + 1)):
            raise NotResumable(
                f"the revision {revision} was stopped after it had committed by itself and statements of an autocommit "
                f"block, {self.resumed_after} of which are done: nobody can tell what of the rest is. {self._by_hand}"
            )

    def __bool__(self) -> bool:
        return bool(self._lines)

    def add(self, lines: Iterable[JournalLine]) -> None:
        self._lines.update((line.ordinal, line) for line in lines)

    def take_back(self, ordinal: int) -> None:
        self._lines.pop(ordinal, None)

    def find(self, ordinal: int, statement: str, own_hash: str) -> JournalLine | None:
        """Return the row of the statement with this number. Raises NotResumable: it was another one."""
        known = self._lines.get(ordinal)
        if known is None or known.hash == own_hash:
            return known
        if known.hash.partition(".")[0] != own_hash.partition(".")[0]:
            raise NotResumable(
                f"{self._so_far}, and now sends something else, because it was changed, or goes by what it finds: "
                f"statement {ordinal} was\n{shortened(known.statement)}\nand is\n{shortened(statement)}\n"
                f"If it was changed, take that back, run this, and make the change in a new revision. Else: "
                f"{self._by_hand}"
            )
        # In one run nobody has changed it: a moment or a random number has another value each time.
        if ordinal in self._of_others:
            raise NotResumable(
                f"{self._so_far}, and now sends other values: statement {ordinal}, {shortened(statement)}\n"
                f"{self._by_hand}"
            )
        return known

    def skip(self, context: Any, look: SqlLook, statement: str, done: JournalLine, *, is_result_unused: bool) -> None:
        """Take a statement as done, with what it gave then. Raises NotResumable: that, or what it means, is unknown."""
        if not look.writes_rows:
            return
        rows = (done.note or {}).get("rowcount")
        if self.has_read_rows:
            reason = "it reads rows, which may be others by now, and may write by them"
        elif is_result_unused:
            return
        elif rows is None or getattr(context.compiled, "effective_returning", None):
            reason = "it may read what this gave, which cannot be had again"
        else:
            inside.give_rowcount(context, rows)
            return
        raise NotResumable(f"{self._so_far}, and {reason}: {shortened(statement)}\n{self._by_hand}")

    def _count(self) -> int:
        return len([line for line in self._lines.values() if line.state == "done"])

    @property
    def _so_far(self) -> str:
        return f"the revision {self._revision} has statements that are committed, {self._count()} of them"

    @property
    def _by_hand(self) -> str:
        return f"Do by hand what the revision still has to do, then run: alembic stamp {self._revision}"
