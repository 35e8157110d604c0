"""Time becomes severity in one place: absolute, a day and a call, and by shares where no rate is known."""

from __future__ import annotations

import pytest

from pgwright.model.worth import Worth

DAY = 86_400.0


@pytest.mark.parametrize(
    ("saved_seconds", "a_call_ms", "share", "severity", "is_notable"),
    [
        (7_200, 0.5, 0.05, "high", True),  # a twelfth of a core, in however small pieces
        (900, 40, 0.02, "high", True),
        (900, 0.5, 0.9, "medium", True),
        (100, 300, 0.2, "high", True),  # every tenth second of the database, and people wait
        (100, 300, 0.02, "medium", True),
        (10, 300, 0.001, "low", True),
        (0.5, 40, 0.9, "low", False),
        (50_000, 0.1, 0.9, "low", False),  # less a call than the way to the server
    ],
)
def test_over_a_day(saved_seconds: float, a_call_ms: float, share: float, severity: str, is_notable: bool) -> None:
    worth = Worth(saved_seconds * 1000, a_call_ms, share, DAY)
    assert (worth.severity, worth.is_notable) == (severity, is_notable)
    assert worth.seconds_a_day == pytest.approx(saved_seconds)


@pytest.mark.parametrize("observed", [None, 60.0])
@pytest.mark.parametrize(
    ("a_call_ms", "share", "severity", "is_notable"),
    [
        (8, 0.3, "high", True),
        (8, 0.02, "medium", True),
        (0.4, 0.9, "low", True),
        (60, 0.001, "medium", True),
        (60, 0.0001, "medium", False),
        (0.1, 0.9, "low", False),
    ],
)
def test_where_no_rate_is_known(
    observed: float | None, a_call_ms: float, share: float, severity: str, is_notable: bool
) -> None:
    worth = Worth(1_000, a_call_ms, share, observed)
    assert (worth.severity, worth.is_notable) == (severity, is_notable)


def test_it_says_over_what_time() -> None:
    assert str(Worth(60_000, 5, 0.12, 10 * DAY)) == "6 s a day, 12.0 % of the workload's time"
    assert str(Worth(60_000, 5, 0.12, None)) == "60.0 s, 12.0 % of the workload's time"
    assert str(Worth(6_000, 5, 0.12, 60.0)) == "6.00 s in 60 s, 12.0 % of the workload's time"


@pytest.mark.parametrize("observed", [None, 60.0, 3_599.0])
def test_a_short_time_tells_of_no_day(observed: float | None) -> None:
    assert Worth(6_000, 5, 0.12, observed).saving == "5.0 ms a call, 12.0 % of the time"
    assert Worth(6_000, 5, 0.12, 3_600.0).saving == "2 min a day"
