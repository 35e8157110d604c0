"""What may be wrong with a materialized view.

Error
├── RefreshFailed     refreshes of a run that failed
└── StaleView         data that are older than whoever reads them allows
"""

from __future__ import annotations

from datetime import timedelta

from pgwright_runtime.errors import Error


class RefreshFailed(Error):
    """Some views of a run could not be refreshed; all others were."""

    def __init__(self, failures: dict[str, str]) -> None:
        self.failures = failures
        said = "; ".join(f"{view}: {reason}" for view, reason in failures.items())
        super().__init__(f"not refreshed, so their old data stay: {said}")


class StaleView(Error):
    """The data of a view are older than allowed, or of unknown age."""

    def __init__(self, view: str, age: timedelta | None, max_age: timedelta) -> None:
        self.view, self.age, self.max_age = view, age, max_age
        how_old = "of unknown age: no refresh is on record" if age is None else f"{_seconds(age)} old"
        super().__init__(
            f"the data of {view} are {how_old}, and may be {_seconds(max_age)}. "
            "Look whether refresh_due() runs and what it reports"
        )


def _seconds(time: timedelta) -> str:
    return f"{time.total_seconds():.0f} s"
