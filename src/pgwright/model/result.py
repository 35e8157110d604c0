"""Whatever a stage gives and a report shows."""

from __future__ import annotations

from typing import ClassVar, Protocol


class Result(Protocol):
    """A frozen dataclass that says what it is."""

    kind: ClassVar[str]
    """The word that its JSON says, and the name of its folder in `report`."""
