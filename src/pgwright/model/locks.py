"""PostgreSQL's table locks: which modes there are, and which of them exclude each other."""

from __future__ import annotations

from typing import Literal, get_args

LockMode = Literal[
    "ACCESS SHARE",
    "ROW SHARE",
    "ROW EXCLUSIVE",
    "SHARE UPDATE EXCLUSIVE",
    "SHARE",
    "SHARE ROW EXCLUSIVE",
    "EXCLUSIVE",
    "ACCESS EXCLUSIVE",
]
LOCK_MODES: tuple[LockMode, ...] = get_args(LockMode)

# Each mode, with the weakest mode from which on all are excluded, and those below it that are excluded too.
# Source: PostgreSQL manual, Explicit Locking, Conflicting Lock Modes.
_EXCLUDED: dict[LockMode, frozenset[LockMode]] = {
    "ACCESS SHARE": frozenset({"ACCESS EXCLUSIVE"}),
    "ROW SHARE": frozenset({"EXCLUSIVE", "ACCESS EXCLUSIVE"}),
    "ROW EXCLUSIVE": frozenset({"SHARE", "SHARE ROW EXCLUSIVE", "EXCLUSIVE", "ACCESS EXCLUSIVE"}),
    "SHARE UPDATE EXCLUSIVE": frozenset(LOCK_MODES[3:]),
    "SHARE": frozenset(LOCK_MODES[2:]) - {"SHARE"},
    "SHARE ROW EXCLUSIVE": frozenset(LOCK_MODES[2:]),
    "EXCLUSIVE": frozenset(LOCK_MODES[1:]),
    "ACCESS EXCLUSIVE": frozenset(LOCK_MODES),
}


def excludes(held: LockMode, wanted: LockMode) -> bool:
    """Tell whether a lock that somebody holds makes another session wait for its own.

    >>> excludes("SHARE", "ROW EXCLUSIVE"), excludes("SHARE", "SHARE"), excludes("SHARE UPDATE EXCLUSIVE", "ROW SHARE")
    (True, False, False)
    """
    return wanted in _EXCLUDED[held]


def blocks_reads(mode: LockMode) -> bool:
    """Tell whether a SELECT waits."""
    return excludes(mode, "ACCESS SHARE")


def blocks_writes(mode: LockMode) -> bool:
    """Tell whether INSERT, UPDATE and DELETE wait."""
    return excludes(mode, "ROW EXCLUSIVE")


def strongest(*modes: LockMode) -> LockMode:
    """Return the mode that comes last in PostgreSQL's list; it excludes at least as many as any before it but one.

    SHARE UPDATE EXCLUSIVE and SHARE exclude each other's users: who holds both is to be asked for both.
    """
    return max(modes, key=LOCK_MODES.index)
