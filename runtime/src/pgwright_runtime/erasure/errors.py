"""What erasure refuses.

ErasureError
├── ErasureStopped     something stands in the way, and nothing was written
├── ErasureFailed      the erasure broke off, and all of it was rolled back
├── PersonErased       a row was about to be written for a person who is gone
└── InvalidReport      a report that was changed, or signed with another secret
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgwright_runtime.errors import Error

if TYPE_CHECKING:
    from pgwright_runtime.erasure.outcome import ErasureOutcome


class ErasureError(Error):
    """The base: nothing was erased."""


class ErasureStopped(ErasureError):
    """Something stands in the way of an erasure: `outcome.stops` says what, and how to answer it."""

    def __init__(self, outcome: ErasureOutcome) -> None:
        self.outcome = outcome
        lines = [
            line for stop in outcome.stops for line in (stop.message, *(f"    {answer}" for answer in stop.answers))
        ]
        super().__init__("nothing was erased:\n" + "\n".join(lines))


class ErasureFailed(ErasureError):
    """An erasure broke off, and all of it was rolled back."""


class PersonErased(ErasureError):
    """A person's row is gone, so nothing more is written for them."""

    def __init__(self, table: str) -> None:
        super().__init__(f"the row of {table!r} is gone: whoever it stood for was erased, or never was")


class InvalidReport(ErasureError):
    """A report of an erasure was changed after it was signed, or signed with another secret."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the report does not hold: {reason}")
