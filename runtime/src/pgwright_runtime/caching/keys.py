"""Keys of rows, as texts that are equal where the server says so."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

Keys = frozenset[str] | None
"""Of rows of one table; None: of any."""


@dataclass(frozen=True, slots=True)
class KeyColumn:
    """The column that is a table's whole primary key."""

    name: str
    is_uuid: bool
    """Else it is an integer."""

    def text_of(self, value: object) -> str | None:
        """Return the text of a key; None: the server might take the value for that of another key.

        >>> KeyColumn("id", is_uuid=False).text_of(5), KeyColumn("id", is_uuid=False).text_of("5")
        ('5', None)
        """
        if not self.is_uuid:
            # No bool and no member of an enum, which drivers send in ways of their own.
            return str(value) if type(value) is int else None
        if isinstance(value, str):
            try:
                value = UUID(value)
            except ValueError:
                return None
        return str(UUID(int=value.int)) if isinstance(value, UUID) else None
