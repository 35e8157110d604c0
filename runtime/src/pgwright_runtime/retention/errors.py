"""Why a retention does not run as it is."""

from __future__ import annotations

from collections.abc import Sequence

from pgwright_runtime.errors import Error


class RetentionError(Error):
    """A retention cannot run."""


class RetentionRefused(RetentionError):
    """Something would make it slow or wrong, and was not allowed by `force`."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("the retention does not run: " + " ".join(self.problems))


class ClockSkew(RetentionError):
    """The server's clock and this machine's differ so much that one of them is wrong, and moments decide what goes."""

    def __init__(self, server: str, here: str) -> None:
        super().__init__(
            f"the server's clock says {server}, this machine's {here}. One of them is wrong, and by the server's rows "
            "are deleted: set it right, or give max_clock_difference if they are meant to differ."
        )


class UnknownTable(RetentionError):
    """A policy, or a hold, is about a table or a column that the database does not have."""

    def __init__(self, what: str, name: str) -> None:
        super().__init__(f"{what}: the database has no {name}. Run the migrations first, or connect to its database.")


class NoMoments(RetentionError, ValueError):
    """A column that a policy counts from holds no moments."""
