"""What the stage `fix` does to the app's models: files before and after, and what is left to people."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class FileEdit:
    """A file that changes."""

    path: Path
    before: str
    """With its own line ends."""
    after: str


@dataclass(frozen=True)
class HandEdit:
    """A change of the models that was not made."""

    what: str
    """Which table, and what is to change there."""
    reason: str
    lines: tuple[str, ...]
    """What to paste; () where there is nothing to write."""


@dataclass(frozen=True)
class ModelPatch:
    """The edits that make the models say what the database will be."""

    edits: tuple[FileEdit, ...]
    by_hand: tuple[HandEdit, ...]


@dataclass(frozen=True)
class Verified:
    """What importing the edited models told."""

    is_imported: bool = False
    is_compared: bool = False
    """Whether what they declare was compared with what the fix does."""
    is_broken: bool = False
    """Whether they can be imported without the edits, and not with them: then nothing may be written."""
    reason: str = ""
    """Why they were not imported or not compared."""
    problems: tuple[str, ...] = ()
    """What they say otherwise than the database will."""
