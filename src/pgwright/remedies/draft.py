"""A fix in the making: which changes are still wanted, by which findings, and which were refused."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from pgwright.model.change import Change
from pgwright.model.finding import Finding
from pgwright.model.not_examined import NotExamined
from pgwright.model.snapshot import Snapshot

C = TypeVar("C", bound=Change)


class Draft:
    """The changes still wanted, each with the keys of the findings that ask for it, and those refused."""

    def __init__(self, snapshot: Snapshot, findings: Iterable[Finding]) -> None:
        self.snapshot = snapshot
        self.index_by_name = {index.name: index for index in snapshot.indexes}
        self.parts = [index for index in snapshot.indexes if index.parent is not None]
        self.wanted: dict[Change, list[str]] = {}
        self.refused: list[NotExamined] = []
        self.queries: dict[str, set[int]] = {}
        """Of each finding, by its key."""
        for finding in findings:
            self.queries.setdefault(finding.key, set()).update(finding.queries)
            for change in finding.changes:
                self.ask(change, [finding.key])

    def of(self, kind: type[C]) -> list[C]:
        return [change for change in self.wanted if isinstance(change, kind)]

    def hand_over(self, change: Change, to: Change) -> None:
        """Give up a change whose purpose another one serves."""
        self.ask(to, self.wanted.pop(change))

    def replace(self, change: Change, by: Change) -> None:
        """Put a change in the place of another."""
        self.wanted = {by if each == change else each: keys for each, keys in self.wanted.items()}

    def refuse(self, change: Change, reason: str, remedy: str = "") -> None:
        """Give up a change and say why."""
        self.refused.append(NotExamined(", ".join(self.wanted.pop(change)), reason, remedy))

    def ask(self, change: Change, keys: list[str]) -> None:
        """Want a change, or want it for these findings too."""
        known = self.wanted.setdefault(change, [])
        known += [key for key in keys if key not in known]
