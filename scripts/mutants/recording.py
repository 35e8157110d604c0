"""A pytest plugin: which test runs which lines of the targets, and how long it takes. Written as JSON.

What a fixture shared by several tests runs counts for each of them.
"""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Generator
from pathlib import Path
from typing import Any
from warnings import catch_warnings, simplefilter

import pytest
from coverage import Coverage
from coverage.exceptions import CoverageWarning

OUTPUT = "MUTANTS_RECORDING"
INCLUDE = "MUTANTS_INCLUDE"


class Recorder:
    def __init__(self, output: Path, include: list[str], root: Path) -> None:
        self._output, self._root = output, root
        self._coverage = Coverage(
            data_file=None, include=include, config_file=False, concurrency=["thread", "greenlet"], messages=False
        )
        self._seconds: dict[str, float] = defaultdict(float)
        self._failed: set[str] = set()
        self._users: dict[str, list[str]] = defaultdict(list)
        """Of each shared fixture: the tests that use it."""
        self._current = ""
        self._coverage.start()

    @pytest.hookimpl
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        for item in session.items:
            known = getattr(item, "_fixtureinfo", None)
            for name, definitions in known.name2fixturedefs.items() if known else ():
                for definition in definitions:
                    self._users[_context(name, definition)].append(item.nodeid)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, Any]:
        self._switch(item.nodeid)
        try:
            return (yield)
        finally:
            self._switch("")

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[Any]) -> Generator[None, Any, Any]:
        if fixturedef.scope == "function":
            return (yield)
        test = self._current
        self._switch(_context(fixturedef.argname, fixturedef))
        try:
            return (yield)
        finally:
            self._switch(test)

    @pytest.hookimpl
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._seconds[report.nodeid] += report.duration
        if not report.passed:
            self._failed.add(report.nodeid)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        self._coverage.stop()
        with catch_warnings():
            simplefilter("ignore", CoverageWarning)  # a file of tests may run nothing of the targets
            data = self._coverage.get_data()
        lines: dict[str, dict[int, list[str]]] = {}
        for file in data.measured_files():
            by_line = data.contexts_by_lineno(file)
            path = Path(file).relative_to(self._root).as_posix()
            lines[path] = {line: sorted(self._tests(contexts)) for line, contexts in by_line.items()}
        good = {test: round(seconds, 3) for test, seconds in self._seconds.items() if test not in self._failed}
        self._output.write_text(json.dumps({"seconds": good, "failed": sorted(self._failed), "lines": lines}))

    def _switch(self, context: str) -> None:
        self._current = context
        self._coverage.switch_context(context)

    def _tests(self, contexts: list[str]) -> set[str]:
        named = {test for context in contexts for test in self._users.get(context, [context])}
        return {test for test in named if test in self._seconds and test not in self._failed}


def _context(name: str, definition: pytest.FixtureDef[Any]) -> str:
    return f"fixture {definition.baseid}::{name}"


def pytest_configure(config: pytest.Config) -> None:
    include = os.environ[INCLUDE].split(os.pathsep)
    config.pluginmanager.register(Recorder(Path(os.environ[OUTPUT]), include, config.rootpath), "mutants-recorder")
