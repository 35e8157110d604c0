"""How long statements of a migration take: said from a snapshot, then measured, on tables of 10 MB to 2 GB."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import fields
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
from query_bars.figures import Figure, at_least, at_most, shown

from migration_bars.durations_cases import CASES, Case
from migration_bars.durations_tables import fill
from pgwright.durations.calibration import measure_rates, settings_like
from pgwright.durations.seconds import with_seconds
from pgwright.embedded import EmbeddedServer, run_server
from pgwright.migrations import open_directory
from pgwright.model.migration import PendingMigrations, SecondsRange
from pgwright.model.rates import Rates
from pgwright.model.snapshot import Snapshot
from pgwright.observing import LintOrder, observe
from pgwright.snapshot import read_snapshot

SHARE_BAR, RATIO_BAR = 0.9, 3.0
RUNS, PARTS = 2, 4
# As a server is run, but for its size: the machine is small.
SETTINGS = {
    "fsync": "on",
    "full_page_writes": "on",
    "wal_level": "replica",
    "shared_buffers": "1GB",
    "max_wal_size": "2GB",
    "jit": "off",
}
_REVISION = """
from alembic import op
revision, down_revision = {name!r}, {before!r}
def upgrade():
{body}
"""
_UNDONE = "    op.execute('SAVEPOINT undone')\n    op.execute({0!r})\n    op.execute('ROLLBACK TO SAVEPOINT undone')"
_ALONE = "    with op.get_context().autocommit_block(): op.execute({0!r})"


def measure() -> Iterator[Figure]:
    """Yield the figures."""
    told: dict[str, SecondsRange | None] = {}
    measured: dict[str, list[float]] = {}
    with run_server(settings=SETTINGS) as server:
        server.create_database("large")
        fill(server, "large")
        pending = _observed(read_snapshot(server.dsn("large")))
        for some in _in_parts(CASES):
            # The machine may have more to do now than before; what is said is said before it is measured.
            rates = measure_rates(settings_like(pending.snapshot))
            _show(rates)
            told |= _told(some, pending, rates)
            measured |= {case.name: _measured(server, case) for case in some}
    inside = [case for case in CASES if _is_inside(told[case.name], measured[case.name])]
    for case in CASES:
        _show_case(case, told[case.name], measured[case.name], case in inside)
    ratios = [one.high / one.low for one in told.values() if one is not None]
    yield at_least(
        f"durations: share of {len(CASES)} statements inside of their range", len(inside) / len(CASES), "", SHARE_BAR
    )
    yield at_most("durations: high / low of the widest range", max(ratios), "", RATIO_BAR)
    yield shown("durations: statements without a range", sum(one is None for one in told.values()), "")


def _in_parts(cases: Sequence[Case]) -> Iterator[Sequence[Case]]:
    size = -(-len(cases) // PARTS)
    yield from (cases[start : start + size] for start in range(0, len(cases), size))


def _observed(snapshot: Snapshot) -> PendingMigrations:
    """Return what all cases do on the twin, where each is undone, as it is where it is timed."""
    undone = [_UNDONE.format(case.statement) for case in CASES if not case.is_alone]
    alone = [_ALONE.format(one) for case in CASES if case.is_alone for one in (case.statement, *case.after)]
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "versions").mkdir()
        (folder / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s\npath_separator = os\n")
        (folder / "env.py").write_text("")
        for revision, before, body in (("r1", None, undone), ("r2", "r1", alone)):
            text = _REVISION.format(name=revision, before=before, body="\n".join(body))
            (folder / "versions" / f"{revision}.py").write_text(text)
        pending = observe(LintOrder(open_directory(folder), snapshot))
    for one in pending.revisions:
        if one.upgrade.error:
            raise RuntimeError(f"{one.revision} failed on the twin: {one.upgrade.error}")
    return pending


def _told(cases: Sequence[Case], pending: PendingMigrations, rates: Rates) -> dict[str, SecondsRange | None]:
    revisions = with_seconds(pending, rates).revisions
    found = {one.text: one.seconds for each in revisions for one in each.upgrade.statements}
    return {case.name: found.get(case.statement) for case in cases}


def _measured(server: EmbeddedServer, case: Case) -> list[float]:
    """Return the seconds of each run; each leaves the tables as they were."""
    found = []
    with psycopg.connect(server.dsn("large"), autocommit=True) as connection:
        for _ in range(RUNS):
            for statement in case.before:
                connection.execute(statement.encode())
            found.append(_run(connection, case))
            for statement in case.after:
                connection.execute(statement.encode())
    print(f"    {case.name}: {', '.join(f'{one:.3f}' for one in found)} s", file=sys.stderr, flush=True)
    return found


def _run(connection: psycopg.Connection, case: Case) -> float:
    if case.is_alone:
        started = time.perf_counter()
        connection.execute(case.statement.encode())
        return time.perf_counter() - started
    with connection.transaction(force_rollback=True):
        started = time.perf_counter()
        connection.execute(case.statement.encode())
        return time.perf_counter() - started


def _is_inside(told: SecondsRange | None, measured: list[float]) -> bool:
    return told is not None and told.low <= statistics.median(measured) <= told.high


def _show_case(case: Case, told: SecondsRange | None, measured: list[float], is_inside: bool) -> None:
    said = f"{told.low:8.3f} to {told.high:8.3f}" if told is not None else "unknown".rjust(20)
    took = statistics.median(measured)
    off = took / (told.low * told.high) ** 0.5 if told is not None else float("nan")
    print(f"  {'in ' if is_inside else 'OUT'} {said} s, took {took:8.3f} s ({off:4.2f})  {case.name}", flush=True)


def _show(rates: Rates) -> None:
    for one in fields(rates):
        print(f"    {one.name}={getattr(rates, one.name)!r},", file=sys.stderr)
