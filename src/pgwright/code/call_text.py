"""The source of a call, on one line where it fits, else an argument a line."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class CallText:
    """A call, as its parts."""

    function: str
    arguments: tuple[str, ...] | None
    """None: the name alone, no call."""

    def __str__(self) -> str:
        return self.function if self.arguments is None else f"{self.function}({', '.join(self.arguments)})"

    def fitted(self, margin: str, room: int, indent: str = "    ") -> str:
        """Return its source.

        Args:
            margin: what stands before it where it begins a line, beyond the block's own indentation.
            room: so many characters fit on its line.
            indent: of one level.

        >>> print(CallText("Index", ('"ix_note"', '"owner_id"')).fitted("", 20))
        Index(
            "ix_note",
            "owner_id",
        )
        """
        if self.arguments is None or len(str(self)) <= room:
            return str(self)
        body = "".join(f"{margin}{indent}{one},\n" for one in self.arguments)
        return f"{self.function}(\n{body}{margin})"
