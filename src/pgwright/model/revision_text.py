"""What an Alembic revision says, before the app's template gives it its form."""

from __future__ import annotations

from dataclasses import dataclass


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
