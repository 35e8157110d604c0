"""What an Alembic revision says, before the app's template gives it its form."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class RevisionText:
    """Parts of a file in Python. No hidden character is in any of them."""

    docstring: str
    """What a reviewer reads first; as it stands between the quotes."""
    imports: str
    upgrade: str
    """Statements of the function, indented by four spaces."""
    downgrade: str
    rest: str
    """Constants and functions of the module that the statements use."""


@dataclass(frozen=True)
class RevisionFile:
    """A revision that may be written: its file, and its place in the chain."""

    id: str
    follows: str | None
    """The id of the revision before it; None for the first."""
    message: str
    """What it does, in one line."""
    path: Path
    text: str
    note: str = ""
    """Why it has not the form that the app's template gives; "" where it has."""
