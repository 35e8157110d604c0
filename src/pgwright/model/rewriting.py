"""Pending revisions, rewritten so that they block and break nothing: files that change, and new ones after them."""

from __future__ import annotations

from dataclasses import dataclass

from pgwright.model.patch import FileEdit
from pgwright.model.revision_text import RevisionFile


@dataclass(frozen=True)
class LeftToPerson:
    """A finding that no code of ours mends."""

    key: str
    reason: str


@dataclass(frozen=True)
class Rewriting:
    """What becomes of the pending revisions."""

    edits: tuple[FileEdit, ...] = ()
    new: tuple[RevisionFile, ...] = ()
    """Revisions after those that they finish."""
    mended: tuple[str, ...] = ()
    """Keys of the findings that are gone with it, as the twin showed."""
    left: tuple[LeftToPerson, ...] = ()
    notes: tuple[str, ...] = ()
    """What a reviewer should know."""
