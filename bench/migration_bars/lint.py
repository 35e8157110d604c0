"""Lint on planted faults and their harmless twins: every fault named and no twin; and squawk on the same chain."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

from query_bars.figures import Figure, at_least, at_most, shown

from migration_bars.planted_chain import Planting, read_plantings, write_directory
from migration_bars.planted_database import plant
from migration_bars.squawk import Squawk
from pgwright.checks import run_checks
from pgwright.embedded import EmbeddedServer, run_server
from pgwright.migrations import open_directory
from pgwright.model.finding import Finding
from pgwright.model.migration import PendingMigrations
from pgwright.observing import LintOrder, observe
from pgwright.twin.restore import SERVER_SETTINGS
from tests.support.database import Database

_LEAST = 60
_LETTERS = 12
_LINKS = 40


@dataclass(frozen=True)
class Verdict:
    """What was said of one planted revision."""

    planting: Planting
    findings: tuple[Finding, ...]
    squawk: frozenset[str]
    """Names of squawk's rules."""

    @property
    def is_named(self) -> bool:
        return any(one.check in self.planting.rules for one in self.findings)

    @property
    def false(self) -> tuple[Finding, ...]:
        """What was said of a twin, and is not expected."""
        return tuple(one for one in self.findings if one.check not in self.planting.expected)


def measure() -> Iterator[Figure]:
    """Yield the bars."""
    verdicts = judge(read_plantings())
    faults = [one for one in verdicts if one.planting.side == "fault"]
    twins = [one for one in verdicts if one.planting.side == "twin"]
    _print(faults, twins)
    yield at_least("planted faults", len(faults), "", _LEAST)
    yield at_least("harmless twins of them", len(twins), "", _LEAST)
    yield at_most("faults missed", sum(not one.is_named for one in faults), "", 0)
    yield at_most("twins with a false finding", sum(bool(one.false) for one in twins), "", 0)
    caught = sum(bool(one.squawk) for one in faults)
    yield shown("squawk: faults of which it says anything", caught, "")
    yield shown("squawk: faults of which it says nothing", len(faults) - caught, "")
    # Where a low word is right of a twin, so may be squawk's.
    false = sum(bool(one.squawk) and not one.planting.expected for one in twins)
    yield shown("squawk: twins of which it says something, though nothing is right", false, "")


def judge(plantings: Sequence[Planting]) -> list[Verdict]:
    """Lint the plantings, those that share a chain in chains of 20 pairs, and each of the others alone."""
    chain = [one for one in plantings if not one.is_alone]
    # The twin looks at the whole catalog after each statement: one chain of all pairs takes much longer.
    parts = [chain[start : start + _LINKS] for start in range(0, len(chain), _LINKS)]
    groups = [*parts, *([one] for one in plantings if one.is_alone)]
    with run_server() as source, run_server(settings=SERVER_SETTINGS, is_confined=True) as twins:
        twins.require_owner()
        return [verdict for group in groups if group for verdict in _judge(group, source, twins)]


def _judge(group: Sequence[Planting], source: EmbeddedServer, twins: EmbeddedServer) -> Iterator[Verdict]:
    with TemporaryDirectory(prefix="pgwright-planted-") as folder, _database(source) as database:
        path = write_directory(Path(folder, "app"), group)
        snapshot = plant(database, group)
        # The twin is of our own version, whatever the planted one is said to be.
        order = LintOrder(open_directory(path), snapshot, until="heads")
        pending = observe(order, running=twins)
        _require_all_ran(pending, group)
        if pending.snapshot is not None:
            pending = replace(pending, snapshot=snapshot)
        findings = run_checks(pending).findings
        squawk = Squawk(path)
        for one in group:
            yield Verdict(one, tuple(_of(findings, one, group)), squawk.rules_of(one))


def _require_all_ran(pending: PendingMigrations, group: Sequence[Planting]) -> None:
    ended = next((one for one in pending.revisions if one.upgrade.error), None)
    if ended is not None and len(group) > 1:
        raise SystemExit(f"the planted chain ends at {ended.revision}: {ended.upgrade.error}")


def _of(findings: Iterable[Finding], planting: Planting, group: Sequence[Planting]) -> Iterator[Finding]:
    for one in findings:
        is_there = one.place is not None and Path(one.place.file).stem == planting.revision
        if is_there or one.object.endswith(f"in {planting.revision[:_LETTERS]}") or len(group) == 1:
            yield one


@contextmanager
def _database(server: EmbeddedServer) -> Iterator[Database]:
    name = f"planted_{uuid4().hex[:8]}"
    server.create_database(name)
    try:
        yield Database(server, name)
    finally:
        server.drop_database(name)


def _print(faults: Iterable[Verdict], twins: Iterable[Verdict]) -> None:
    """Name what is wrong; with BENCH_TELL=all, everything."""
    tells_all = os.environ.get("BENCH_TELL") == "all"
    for one in faults:
        if not one.is_named or tells_all:
            said = ", ".join(sorted({each.check for each in one.findings})) or "nothing"
            told = "named" if one.is_named else "MISSED"
            rules = " or ".join(sorted(one.planting.rules))
            print(f"  {told} {one.planting.table} {one.planting.name}: {rules}; said: {said}", flush=True)
    for one in twins:
        for each in one.false:
            print(f"  FALSE {one.planting.table} {one.planting.name}: {each.severity} {each.check}: {each.message}")
