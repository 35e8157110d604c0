"""Policies as one thing that can be planned and run."""

from __future__ import annotations

import time
from collections.abc import Coroutine, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypedDict, Unpack, overload

from sqlalchemy import Connection, Engine, func, select, text
from sqlalchemy.exc import DBAPIError

from pgwright_runtime._holds import LegalHold
from pgwright_runtime._running import Sleep, run_on
from pgwright_runtime._sql import quoted
from pgwright_runtime.batches import BatchJob, BatchMetrics, BatchTally, Pace, StopFlag
from pgwright_runtime.batches.progress import Report
from pgwright_runtime.batches.run import BatchRunner, running
from pgwright_runtime.retention.counting import count_due
from pgwright_runtime.retention.deleting import Deletion
from pgwright_runtime.retention.errors import ClockSkew, RetentionRefused
from pgwright_runtime.retention.falling import Falling, any_of
from pgwright_runtime.retention.graph import StoredGraph, read_graph
from pgwright_runtime.retention.holds import held
from pgwright_runtime.retention.partitions import Partitions
from pgwright_runtime.retention.partitions.patience import Patience
from pgwright_runtime.retention.policies import AnyColumn, RetentionPolicy, column_of, table_of
from pgwright_runtime.retention.results import PlannedRule, RetentionPlan, RetentionRun, RuleRun
from pgwright_runtime.retention.rules import Rule
from pgwright_runtime.retention.ways import Way, find_way

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

LOCK = "retention"
"""The advisory lock's name: one run at a time on a database, whatever its policies."""
_NOW = text("""
    SELECT clock_timestamp(), current_database(),
        COALESCE(host(inet_server_addr()) || ':' || inet_server_port(), 'local socket')
""")
_PATIENCE = text("SELECT set_config('lock_timeout', '2s', true), set_config('statement_timeout', '10s', true)")


class RunSettings(TypedDict, total=False):
    """What `Retention.run` takes beside the engine."""

    limit: timedelta | None
    force: bool
    pace: Pace | None
    progress: Report | None
    metrics: BatchMetrics | None
    stop: StopFlag | None
    max_clock_difference: timedelta


class Retention:
    """Policies, and what must stay in spite of them.

    >>> from sqlalchemy import Column, DateTime, MetaData, Table, Uuid
    >>> from pgwright_runtime.retention import Expired
    >>> token = Table("token", MetaData(), Column("id", Uuid, primary_key=True), Column("expires_at", DateTime(True)))
    >>> [rule.name for rule in Retention([Expired(token.c.expires_at)]).rules]
    ['token (expires_at)']
    """

    def __init__(
        self,
        policies: Sequence[RetentionPolicy | Partitions],
        *,
        holds: Sequence[LegalHold] = (),
        cascade: Sequence[AnyColumn] = (),
    ) -> None:
        """Take the policies; nothing is connected to.

        Args:
            policies: what is kept how long.
            holds: what must stay.
            cascade: columns of foreign keys whose rows belong to the row that they refer to, and go with it, though
                the database would refuse: as where only the ORM's `cascade="all"` says so.
        Raises: TypeError, ValueError: a policy is about no column of a table, or is out of its range.
        """
        self.policies = tuple(policy for policy in policies if not isinstance(policy, Partitions))
        self.holds = tuple(holds)
        self.partitions: tuple[Partitions, ...] = tuple(
            _with_holds(policy, self.holds) for policy in policies if isinstance(policy, Partitions)
        )
        self.rules: tuple[Rule, ...] = tuple(rule for policy in self.policies for rule in policy.rules())
        self.cascade = frozenset(map(column_of, cascade))
        for hold in self.holds:
            table_of(hold.table)
        for column in self.cascade:
            if not column.foreign_keys:
                raise ValueError(f"cascade has {column}, which refers to nothing; name a foreign key's column")

    @overload
    def plan(self, engine: Engine) -> RetentionPlan: ...
    @overload
    def plan(self, engine: AsyncEngine) -> Coroutine[Any, Any, RetentionPlan]: ...
    def plan(self, engine: Engine | AsyncEngine) -> RetentionPlan | Coroutine[Any, Any, RetentionPlan]:
        """Count what would go now, in one read-only snapshot; with an async engine, await it.

        Raises: UnknownTable; DBAPIError: counting took longer than 10 minutes, say.
        """
        return run_on(engine, lambda target, sleep: self._plan(target))

    @overload
    def run(self, engine: Engine, **settings: Unpack[RunSettings]) -> RetentionRun: ...
    @overload
    def run(self, engine: AsyncEngine, **settings: Unpack[RunSettings]) -> Coroutine[Any, Any, RetentionRun]: ...
    def run(
        self,
        engine: Engine | AsyncEngine,
        *,
        limit: timedelta | None = None,
        force: bool = False,
        pace: Pace | None = None,
        progress: Report | None = None,
        metrics: BatchMetrics | None = None,
        stop: StopFlag | None = None,
        max_clock_difference: timedelta = timedelta(hours=1),
    ) -> RetentionRun | Coroutine[Any, Any, RetentionRun]:
        """Delete what is due now, in batches; with an async engine, await it.

        Nothing is kept between two runs: what is gone is gone, and the next run finds what is left.

        Args:
            engine: its pool needs two connections.
            limit: no batch begins after this time.
            force: also where no index finds the rows of a large table.
            pace: how fast, and what to give way to; None: `Pace()`.
            progress: told after each batch, and while it waits.
            metrics: where to publish what is done.
            stop: set it to end after the batch that runs.
            max_clock_difference: by how much the server's clock may differ from this machine's.
        Raises: RetentionRefused, ClockSkew, UnknownTable; LockHeld: another run is under way; DBAPIError.
        """

        def job(target: Engine, sleep: Sleep) -> RetentionRun:
            seconds = None if limit is None else limit.total_seconds()
            with running(
                target,
                sleep,
                LOCK,
                pace=pace or Pace(),
                limit_s=seconds,
                stop=stop,
                progress=progress,
                metrics=metrics,
            ) as runner:
                return self._run(target, sleep, runner, force, max_clock_difference, metrics)

        return run_on(engine, job)

    def _plan(self, engine: Engine) -> RetentionPlan:
        target = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        with target.connect() as connection:
            now, database, server = connection.execute(_NOW).one()
            falling, ways = self._ways(connection, now)
            counts = count_due(connection, falling, ways)
            partitions = tuple(policy.plan(connection, now=now) for policy in self.partitions)
        return RetentionPlan(
            at=now,
            database=database,
            server=server,
            rules=tuple(
                PlannedRule(way.rule.name, way.rule.says, due.rows, due.kept, _walks(way), way.advice, way.partitioning)
                for way, due in zip(ways, counts, strict=True)
            ),
            faults=tuple(said for way in ways for said in way.faults),
            refusals=tuple(dict.fromkeys(said for way in ways for said in way.refusals)),
            partitions=partitions,
        )

    def _run(
        self,
        engine: Engine,
        sleep: Sleep,
        runner: BatchRunner,
        force: bool,
        max_difference: timedelta,
        metrics: BatchMetrics | None,
    ) -> RetentionRun:
        began = time.monotonic()
        with engine.connect() as connection:
            now, database, server = connection.execute(_NOW).one()
        _require_clock(now, max_difference)
        # First: without the partition of today the app fails, and the deletes may take long.
        partitions = tuple(policy.keep_now(Patience(engine, sleep), now) for policy in self.partitions)
        ways: list[Way] = []
        # To read of a table how large it is, too, waits behind whoever waits for its lock.
        if runner.may_begin("reading the catalog", [quoted(one.table.name, one.table.schema) for one in self.rules]):
            with engine.connect() as connection:
                falling, ways = self._ways(connection, now)
        problems = [said for way in ways for said in (*way.faults, *(() if force else way.refusals))]
        if problems:
            raise RetentionRefused(list(dict.fromkeys(problems)))
        done: list[RuleRun] = []
        for way in ways:
            if runner.end.word != "done":
                break
            tally = runner.run(_job(way, falling, _total(engine, way)))
            done.append(_rule_run(way, tally))
            if metrics is not None and runner.end.word == "done":
                metrics.finished(way.rule.name)
        end = runner.end
        return RetentionRun(
            at=now,
            database=database,
            server=server,
            rules=tuple(done),
            seconds=time.monotonic() - began,
            is_done=end.word == "done",
            ended=f"{end.word}: {end.reason}" if end.reason else end.word,
            notes=runner.notes,
            partitions=partitions,
        )

    def _ways(self, connection: Connection, now: datetime) -> tuple[Falling, list[Way]]:
        """Return how each rule finds its rows, children before parents, and what falls with them."""
        connection.execute(_PATIENCE)
        held_tables = [table_of(hold.table) for hold in self.holds]
        models = dict.fromkeys([*(rule.table for rule in self.rules), *held_tables])
        graph = read_graph(connection, models, self.cascade)
        place = {oid: number for number, group in enumerate(graph.order) for oid in group}
        ways = [find_way(connection, graph, rule, now) for rule in self.rules]
        ways.sort(key=lambda way: place[way.stored.oid])
        return Falling(graph, self._held(graph), _due(ways)), ways

    def _held(self, graph: StoredGraph) -> dict[int, list[tuple[str, Any]]]:
        return {oid: held(self.holds, one.model) for oid, one in graph.tables.items() if one.model is not None}


def _with_holds(policy: Partitions, holds: tuple[LegalHold, ...]) -> Partitions:
    conditions = [condition for _, condition in held(holds, policy.mapped)]
    if policy.held is not None:
        conditions.append(policy.held)
    return replace(policy, held=any_of(conditions)) if conditions else policy


def _due(ways: Sequence[Way]) -> dict[int, Any]:
    conditions: dict[int, list[Any]] = {}
    for way in ways:
        if way.walk is not None and way.walk.where is not None:
            conditions.setdefault(way.stored.oid, []).append(way.walk.where)
    return {oid: any_of(found) for oid, found in conditions.items()}


def _job(way: Way, falling: Falling, total: int | None) -> BatchJob:
    assert way.walk is not None
    tables = tuple(falling.graph.tables[oid].sql for oid in sorted(falling.graph.reach(way.stored.oid)))
    first = (way.stored.sql, *(one for one in tables if one != way.stored.sql))
    return BatchJob(way.rule.name, way.walk, Deletion(falling, way.stored.oid), first, total)


def _total(engine: Engine, way: Way) -> int | None:
    """Count the rows of a walk for its progress; None: that would take long."""
    assert way.walk is not None
    if way.walk.by_windows:
        return way.stored.row_estimate
    try:
        with engine.connect() as connection:
            connection.execute(_PATIENCE)
            query = select(func.count()).select_from(way.rule.table).where(way.walk.where)  # type: ignore[arg-type]
            return int(connection.execute(query).scalar_one())
    except DBAPIError:
        return None


def _rule_run(way: Way, tally: BatchTally) -> RuleRun:
    return RuleRun(
        name=way.rule.name,
        says=way.rule.says,
        rows=tally.counts,
        kept=tally.left_out,
        batches=tally.batches,
        seconds=tally.seconds,
        waited_s=tally.waited_s,
        longest_s=tally.longest_s,
    )


def _walks(way: Way) -> str:
    if way.walk is None:
        return "not at all"
    if way.walk.by_windows:
        return "along its key, all rows" if way.walk.key else "along its blocks, all rows"
    return f"along {way.rule.index[0].name}"


def _require_clock(now: datetime, most: timedelta) -> None:
    here = datetime.now(UTC)
    if abs(now - here) > most:
        raise ClockSkew(f"{now:%Y-%m-%d %H:%M:%S%z}", f"{here:%Y-%m-%d %H:%M:%S%z}")
