"""What the stage `fix` does to the app's models: files before and after, and what is left to people."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pgwright.diffs import unified


@dataclass(frozen=True)
class FileEdit:
    """A file that changes."""

    path: Path
    before: str
    """With its own line ends."""
    after: str

    @property
    def diff(self) -> str:
        """What changes, as a unified diff."""
        name = str(self.path)
        before, after = self.before.splitlines(keepends=True), self.after.splitlines(keepends=True)
        return "".join(unified(before, after, name, name))

    @property
    def short_diff(self) -> list[str]:
        """What changes, for reading: the lines of a diff with one around each change, and what it is inside of."""
        before, after = ([f"{line}\n" for line in text.splitlines()] for text in (self.before, self.after))
        lines = [line.removesuffix("\n") for line in unified(before, after, "", "", context=1)][2:]
        return [f"{line}{_inside(before, line)}" if line.startswith("@@") else line for line in lines]

    @property
    def added(self) -> int:
        """Lines that come."""
        return sum(line.startswith("+") for line in self.diff.splitlines()[2:])

    @property
    def removed(self) -> int:
        """Lines that go."""
        return sum(line.startswith("-") for line in self.diff.splitlines()[2:])


def _inside(before: list[str], heading: str) -> str:
    """Return the first line of the class or function that a part of a diff begins in, as git says it."""
    first = int(heading.split()[1].lstrip("-").partition(",")[0])
    inside = next((line for line in reversed(before[:first]) if line[:1].strip()), "")
    return f" {inside.rstrip()}" if inside.startswith(("class ", "def ", "async def ")) else ""


@dataclass(frozen=True)
class HandEdit:
    """A change of the models that was not made."""

    what: str
    """Which table, and what is to change there."""
    reason: str
    lines: tuple[str, ...]
    """What to paste; () where there is nothing to write."""


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


@dataclass(frozen=True)
class ModelPatch:
    """The edits that make the models say what the database will be."""

    edits: tuple[FileEdit, ...]
    by_hand: tuple[HandEdit, ...]
    verified: Verified | None = None
    """None: nobody imported them."""
