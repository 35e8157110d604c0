"""Plugin for pytest: `--pgwright-strict`, the marker `max_queries(n)` and the fixture `query_guard`.

They watch all engines of the process. The plugin stands outside of the package, whose `__init__` imports SQLAlchemy:
pytest loads it in every run, used or not.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pgwright_runtime.guard.guard import QueryGuard
    from pgwright_runtime.guard.suite import Suite

_BASELINE = "pgwright-queries.json"
_WORKER = "pgwright_findings"


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("pgwright", "queries that SQLAlchemy executes")
    group.addoption(
        "--pgwright-strict",
        action="store_true",
        help="fail each test in which the app loads lazily from row to row, or repeats a statement, unless the "
        "baseline knows it",
    )
    group.addoption(
        "--pgwright-baseline",
        metavar="FILE",
        help=f"the known findings, from the root directory on; {_BASELINE} unless given",
    )
    group.addoption(
        "--pgwright-update",
        action="store_true",
        help="fail no test, and write what was found into the baseline; run the whole suite",
    )
    group.addoption("--pgwright-sarif", metavar="FILE", help="write the findings as SARIF, too, for code scanning")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        "max_queries(n): fail when the test executes more than n SQL statements through SQLAlchemy, in whatever task "
        "or thread; those of fixtures do not count.",
    )
    options = config.option
    if not (options.pgwright_strict or options.pgwright_update or options.pgwright_sarif or options.pgwright_baseline):
        return
    if not (options.pgwright_strict or options.pgwright_update):
        raise pytest.UsageError("--pgwright-baseline and --pgwright-sarif go with --pgwright-strict")
    from pgwright_runtime.guard.suite import Suite

    baseline = config.rootpath / (options.pgwright_baseline or _BASELINE)
    sarif = config.rootpath / options.pgwright_sarif if options.pgwright_sarif else None
    try:
        config.stash[_SUITE] = Suite(baseline, sarif, updates=options.pgwright_update)
    except ValueError as error:
        raise pytest.UsageError(str(error)) from error


_SUITE: pytest.StashKey[Suite] = pytest.StashKey()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    limit, suite = _limit(item), item.config.stash.get(_SUITE, None)
    if limit is None and suite is None:
        return (yield)
    from pgwright_runtime.guard.active import enter, leave
    from pgwright_runtime.guard.evidence import describe
    from pgwright_runtime.guard.listeners import listen
    from pgwright_runtime.guard.suite import findings_of, suite_unit

    listen()
    unit = suite_unit(item.nodeid, limit)
    # A test client may run the app in a thread of its own, which takes no context along.
    enter(unit, everywhere=True)
    try:
        result = yield
    finally:
        leave(unit)
        unit.close()
    if limit is not None and unit.count > limit:
        hints = [f"  - {problem.advice}" for problem in unit.problems if problem.kind != "over budget"]
        lines = [f"{unit.count} statements, allowed are {limit}", *hints, describe(unit.statements)]
        pytest.fail("\n".join(lines), pytrace=False)
    if suite is not None:
        new = suite.add(findings_of(unit, item.config.rootpath, _own_files(item)))
        if new:
            lines = [f"{len(new)} new query finding(s); --pgwright-update makes them known"]
            pytest.fail("\n".join([*lines, *(f"  - {each.advice}" for each in new)]), pytrace=False)
    return result


def _limit(item: pytest.Item) -> int | None:
    marker = item.get_closest_marker("max_queries")
    if marker is None:
        return None
    if len(marker.args) != 1 or marker.kwargs or not isinstance(marker.args[0], int) or marker.args[0] < 0:
        raise pytest.UsageError(f"{item.nodeid}: write max_queries(n) with the number of statements allowed, 0 or more")
    return int(marker.args[0])


def _own_files(item: pytest.Item) -> set[Path]:
    """Return the files of the tests, and the conftest.py of the folders above."""
    tests = {other.path for other in item.session.items}
    return tests | {folder / "conftest.py" for folder in item.path.parents}


def pytest_sessionfinish(session: pytest.Session) -> None:
    suite = session.config.stash.get(_SUITE, None)
    if suite is not None and hasattr(session.config, "workeroutput"):
        session.config.workeroutput[_WORKER] = suite.dump()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """Take over what a worker of pytest-xdist has found."""
    suite = node.config.stash.get(_SUITE, None)
    if suite is not None:
        suite.load(getattr(node, "workeroutput", {}).get(_WORKER, ()))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    suite = config.stash.get(_SUITE, None)
    if suite is not None:
        terminalreporter.section("pgwright")
        terminalreporter.line(suite.finish())


@pytest.fixture
def query_guard() -> QueryGuard:
    """A guard in mode "raise" over all engines and threads: `with query_guard.unit("list", max_queries=3): ...`."""
    from pgwright_runtime.guard.guard import QueryGuard

    return QueryGuard(None, mode="raise", follow_threads=True)
