"""What stands in the way of an erasure, and the lines that answer it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

StopKind = Literal[
    "uncovered-column",
    "unlinked-column",
    "undecided-table",
    "contradiction",
    "rule-without-effect",
    "missing-index",
    "row-security",
    "legal-hold",
    "too-many-rows",
    "no-such-person",
]


@dataclass(frozen=True)
class Stop:
    """One thing that stands in the way."""

    kind: StopKind
    table: str
    """As `public.users`."""
    column: str
    """"" where it is about the table."""
    message: str
    answers: tuple[str, ...] = ()
    """Lines to paste, one of which answers it."""
