"""What can be wrong with a page: the client's request, or the app's statement.

An InvalidPage is the client's fault, so a web app answers 400; NotPageable is the app's, which changes the statement.
"""

from __future__ import annotations

from pgwright_runtime.errors import Error


class InvalidPage(Error, ValueError):
    """The request for a page is wrong; a web app answers 400."""


class InvalidCursor(InvalidPage):
    """The cursor was not made here for this order: forged, truncated, too long, or of another version."""


class InvalidPageSize(InvalidPage):
    """The page size is no whole number from 1 to the largest allowed."""

    def __init__(self, size: object, max_size: int) -> None:
        super().__init__(f"the page size must be a whole number from 1 to {max_size:,}, not {size!r:.40}")


class NotPageable(Error, ValueError):
    """The statement has no order that pages could follow."""
