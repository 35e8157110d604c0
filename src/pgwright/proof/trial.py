"""Try settings: one after the other on one copy, over the whole workload; then all that help, together.

The source is only read. Each setting has its reason in the snapshot; where it has none, it is not tried.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from pgwright.embedded import ServerChoice
from pgwright.model.not_examined import NotExamined
from pgwright.model.planned_on import PlannedOn
from pgwright.model.progress import Progress, silent
from pgwright.model.snapshot import Snapshot
from pgwright.model.trial import Trial, TriedSetting
from pgwright.proof.copies import NEEDED_EXTENSIONS, make_copies
from pgwright.proof.fitted import FittedStatement, fit_statements, spilling, time_under, uncounted
from pgwright.proof.place import measured_on
from pgwright.proof.settings import apply_and_undo, plan_as
from pgwright.proof.timing import ROUNDS
from pgwright.twin.planned import PricedStatement
from pgwright.twin.priced import read_workload
from pgwright.twin.servers import choose, run_twin_server
from pgwright.twin.twin import Twin, open_twin
from pgwright.version import VERSION
from pgwright.workload import tuning
from pgwright.workload.tuning import Idea, main_role, value_of

# Parts of a snapshot without which no reason to try a setting is seen.
_READ = {"statements", "settings", "role_settings"}
_TOGETHER = "All that help, at the same time: one may take from another what it gains."


def try_settings(
    source: Snapshot,
    dsn: str,
    *,
    staging: str | None = None,
    server: Path | None = None,
    rounds: int = ROUNDS,
    progress: Progress = silent,
) -> Trial:
    """Measure what the settings that are worth trying do to the time of the workload.

    Args:
        source: a fresh snapshot of the database at `dsn`.
        staging: where the copy is made; None: on a server of our own.
        server: the folder of a PostgreSQL for the copy and the twin; None: one of production's major version, if one is
            found.
        rounds: counted runs of each statement.
        progress: called with what is being done, how much is done, and of how much.
    Raises: ProofError, EmbeddedServerError, TwinError, ConnectionFailed.
    """
    progress("plan the workload", 0, 1)
    began = datetime.now(UTC).isoformat(timespec="seconds")
    choice = choose(source, server, needs=NEEDED_EXTENSIONS)
    workload = _read(source, choice)
    ideas, untried = _worth_trying(source, workload)
    unseen = tuple(one for one in source.not_examined if _READ.intersection(one.parts))
    if not ideas:
        return Trial(
            source.server.database, workload.planned_on, VERSION, 0, (), None, untried, (*unseen, *workload.unplanned)
        )
    progress("copy the database", 0, 1)
    size_bytes = source.server.database_bytes
    with make_copies(dsn, size_bytes, programs=choice.programs, staging=staging, with_after=False) as copies:
        plan_as(copies.before, source, main_role(source))
        fitted, unfitted = fit_statements(copies.before, source, workload.statements, copies.lost_rows, progress)
        bench = _Bench(source, copies.before, fitted, rounds, progress)
        tried = tuple(found for idea in ideas if (found := bench.try_idea(idea)) is not None)
        helping = [one for one in tried if one.helps]
        together = bench.measure(_united(helping), _TOGETHER) if len(helping) > 1 else None
        return Trial(
            database=source.server.database,
            planned_on=workload.planned_on,
            pgwright_version=VERSION,
            statements=len(fitted),
            tried=tried,
            together=together,
            untried={**untried, **bench.untried},
            not_examined=(
                *unseen,
                *copies.not_examined,
                *workload.unplanned,
                *unfitted,
                *uncounted(fitted),
                *bench.missing,
            ),
            measured_on=measured_on(source, dsn, copies.before, staging, began),
            lost_rows=copies.lost_rows,
        )


@dataclass(frozen=True)
class _Workload:
    statements: tuple[PricedStatement, ...]
    unplanned: tuple[NotExamined, ...]
    planned_on: PlannedOn
    compiled: int
    """Statements whose planned cost is so high that JIT compiles them, where it is on."""


def _read(source: Snapshot, choice: ServerChoice) -> _Workload:
    with run_twin_server(choice.programs) as server, open_twin(source, server, choice=choice) as twin:
        read = read_workload(source, twin)
        limit = float(value_of(source, "jit_above_cost") or -1)
        compiled = sum(_cost(one, twin) >= limit for one in read.statements) if limit >= 0 else 0
        return _Workload(read.statements, read.unplanned, twin.planned_on, compiled)


def _cost(one: PricedStatement, twin: Twin) -> float:
    likeliest = max(one.cases, key=lambda case: case.weight)
    return twin.explain(one.statement.text, likeliest.values, role=one.role).total_cost


def _worth_trying(source: Snapshot, workload: _Workload) -> tuple[list[Idea], dict[str, str]]:
    """Return what to try, and why the other settings are not."""
    found = {
        "random_page_cost": tuning.random_page_cost(source),
        "work_mem": tuning.work_mem(source),
        "jit": tuning.jit(source, workload.compiled),
        "effective_cache_size": tuning.effective_cache_size(source),
    }
    ideas = [one for one in found.values() if isinstance(one, Idea) and one.values]
    untried = {name: one if isinstance(one, str) else one.reason for name, one in found.items() if one not in ideas}
    return ideas, untried


def _united(tried: Sequence[TriedSetting]) -> dict[str, str]:
    return {name: value for one in tried for name, value in one.settings.items()}


class _Bench:
    """A copy with the workload fitted to it, on which settings are tried."""

    def __init__(
        self, source: Snapshot, copy: str, fitted: Sequence[FittedStatement], rounds: int, progress: Progress
    ) -> None:
        self._source, self._copy, self._fitted = source, copy, fitted
        self._rounds, self._progress = rounds, progress
        self.untried: dict[str, str] = {}
        self.missing: list[NotExamined] = []

    def try_idea(self, idea: Idea) -> TriedSetting | None:
        """Return what a setting does; None where the copy shows that there is nothing to try, or cannot."""
        if idea.name == "jit" and not self._has_jit():
            remedy = "name a server with it: pgwright prove --settings --staging DSN"
            self.missing.append(NotExamined("jit", "the server of the copy has no jit", remedy))
            return None
        if idea.name == "work_mem":
            return self._try_work_mem(idea)
        return self.measure({idea.name: idea.values[0]}, idea.reason)

    def measure(self, settings: Mapping[str, str], reason: str) -> TriedSetting:
        """Measure settings over the whole workload."""
        statements, failed = time_under(
            settings, self._fitted, self._copy, self._source, rounds=self._rounds, progress=self._progress
        )
        timed = {one.query_id: one.calls * one.before.median_ms for one in statements}
        known = [one for one in self._fitted if one.is_representative]
        apply_sql, undo_sql = apply_and_undo(settings, self._source)
        return TriedSetting(
            settings=dict(settings),
            reason=reason,
            statements=statements,
            failed=failed,
            unchanged=len(self._fitted) - len(statements) - len(failed),
            before_ms=sum(timed.get(one.priced.statement.query_id, one.total_ms) for one in known),
            apply_sql=apply_sql,
            undo_sql=undo_sql,
            observed_seconds=self._source.observed_seconds,
        )

    def _try_work_mem(self, idea: Idea) -> TriedSetting | None:
        """Measure the smallest size under which as few statements spill as memory allows."""
        left = all_of_them = tuple(one for one in self._fitted if one.spilled_blocks)
        if not left:
            self.untried[idea.name] = f"{idea.reason} On the copy none spills, with the values chosen."
            return None
        chosen = idea.values[-1]
        for value in idea.values:
            self._progress(f"{idea.name} = {value}", 0, 1)
            still = spilling(left, self._copy, self._source, {idea.name: value})
            if len(still) < len(left):
                left, chosen = still, value
            if not left:
                break
        told = (
            f"with {chosen} {len(all_of_them) - len(left)} of {len(all_of_them)} that spill on the copy do so no more"
        )
        return self.measure({idea.name: chosen}, f"{idea.reason} Of the sizes tried, {told}.")

    def _has_jit(self) -> bool:
        with psycopg.connect(self._copy) as connection:
            row = connection.execute("SELECT pg_jit_available()").fetchone()
        return bool(row and row[0])
