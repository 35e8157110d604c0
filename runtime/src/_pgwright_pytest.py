"""Plugin for pytest: the marker `max_queries(n)` and the fixture `query_guard`, for all engines of the process.

It stands outside of the package, whose `__init__` imports SQLAlchemy: pytest loads it in every run, used or not.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pgwright_runtime.guard.guard import QueryGuard


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        "max_queries(n): fail when the test executes more than n SQL statements through SQLAlchemy, in whatever task "
        "or thread; those of fixtures do not count.",
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    marker = item.get_closest_marker("max_queries")
    if marker is None:
        return (yield)
    if len(marker.args) != 1 or marker.kwargs or not isinstance(marker.args[0], int) or marker.args[0] < 0:
        raise pytest.UsageError(f"{item.nodeid}: write max_queries(n) with the number of statements allowed, 0 or more")
    from pgwright_runtime.guard.active import enter, leave
    from pgwright_runtime.guard.evidence import describe
    from pgwright_runtime.guard.listeners import listen
    from pgwright_runtime.guard.rules import UnitRules
    from pgwright_runtime.guard.units import Unit

    listen()
    unit = Unit(None, item.nodeid, UnitRules(max_queries=marker.args[0], finds_unused=False, locates_all=True))
    # A test client may run the app in a thread of its own, which takes no context along.
    enter(unit, everywhere=True)
    try:
        result = yield
    finally:
        leave(unit)
        unit.close()
    if unit.count > marker.args[0]:
        hints = [f"  - {problem.advice}" for problem in unit.problems if problem.kind != "over budget"]
        lines = [f"{unit.count} statements, allowed are {marker.args[0]}", *hints, describe(unit.statements)]
        pytest.fail("\n".join(lines), pytrace=False)
    return result


@pytest.fixture
def query_guard() -> QueryGuard:
    """A guard in mode "raise" over all engines and threads: `with query_guard.unit("list", max_queries=3): ...`."""
    from pgwright_runtime.guard.guard import QueryGuard

    return QueryGuard(None, mode="raise", follow_threads=True)
