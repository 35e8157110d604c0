"""What the stage `fix` gives: all remedies in their order, and what they leave open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from pgwright.model.gain import Gain
from pgwright.model.not_examined import NotExamined
from pgwright.model.patch import ModelPatch
from pgwright.model.proof import Proof
from pgwright.model.remedy import Remedy

LaterReason = Literal[
    "beyond the top", "not safe while the app runs", "no measurable gain", "info", "empty table", "safe"
]
""" "safe": only what is not safe was asked for."""


@dataclass(frozen=True)
class Later:
    """What could be written, and is not written now: the answer to one cause."""

    title: str
    """What it would do."""
    findings: tuple[str, ...]
    """Keys of the findings that it would answer; the cause first."""
    reason: LaterReason
    """Why it is not written now."""
    gain: Gain
    command: str
    """What writes it."""


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
    later: tuple[Later, ...] = ()
    """What could be written and is left for later, the dearest first."""
    proof: Proof | None = None
    """Of these remedies, all together; None: nothing was measured."""
    models: ModelPatch | None = None
    """What becomes of the app's models; None: nobody looked for them."""
