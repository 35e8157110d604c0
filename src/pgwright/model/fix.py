"""What the stage `fix` gives: all remedies in their order, and what they leave open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pgwright.model.not_examined import NotExamined
from pgwright.model.remedy import Remedy


@dataclass(frozen=True)
class Fix:
    """All remedies in the order in which they run, and what no remedy answers."""

    kind: ClassVar[str] = "fix"

    remedies: tuple[Remedy, ...]
    by_hand: tuple[str, ...]
    """Keys of the findings that only a person can answer."""
    refused: tuple[NotExamined, ...]
    """Changes that are not written, and why."""
    not_examined: tuple[NotExamined, ...] = ()
    """What `check` could not look at: it may hide findings, and so remedies."""
