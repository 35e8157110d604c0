"""One run over a partitioned table: first makes what is missing, without which the app fails; then what is due goes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from pgwright_runtime._locks import try_lock
from pgwright_runtime.retention.partitions.catalog import PartitionedTable
from pgwright_runtime.retention.partitions.default_partition import InTheWay
from pgwright_runtime.retention.partitions.dropping import Dropping, IsHeld
from pgwright_runtime.retention.partitions.errors import LockNotGranted, PartitionKept
from pgwright_runtime.retention.partitions.making import Making
from pgwright_runtime.retention.partitions.patience import Patience
from pgwright_runtime.retention.partitions.plan import NewPartition, PartitionPlan, ranges_to_fill

T = TypeVar("T")
Read = Callable[[Connection], PartitionedTable]
IsOurs = Callable[[], None]
Plan = Callable[[PartitionedTable], PartitionPlan]


@dataclass
class PartitionReport:
    """What a run did; all names are quoted, with their schema."""

    table: str
    is_busy: bool = False
    """Another run is at work on this table, so this one did nothing."""
    created: list[str] = field(default_factory=list)
    detached: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    left: dict[str, str] = field(default_factory=dict)
    """What was not done, with the reason and what to do; the next run tries again."""
    notes: tuple[str, ...] = ()
    """What a person should know."""


@dataclass(frozen=True)
class PartitionRun:
    """What a run needs of its policy."""

    name: str
    patience: Patience
    read: Read
    plan: Plan
    is_held: IsHeld | None
    drops: bool

    def __call__(self) -> PartitionReport:
        report = PartitionReport(self.name)
        with try_lock(self.patience.engine, f"partitions {self.name}") as is_ours:
            if is_ours is None:
                report.is_busy = True
                return report
            table = self._read()
            plan = self.plan(table)
            report.table, report.notes = str(table.relation), plan.notes
            self._make_all(table, report, is_ours)
            self._drop_all(table, plan, report, is_ours)
        return report

    def _read(self) -> PartitionedTable:
        with self.patience.engine.connect() as connection:
            return self.read(connection)

    def _make_all(self, table: PartitionedTable, report: PartitionReport, is_ours: IsOurs) -> None:
        plan, making = self.plan(table), Making(table, self.patience)
        in_the_way = None if table.default is None else InTheWay(making, table.default)

        def make(new: NewPartition) -> None:
            if table.pattern is not None and table.pattern.is_partitioned:
                raise PartitionKept(
                    "its siblings are partitioned themselves, which is not made here: create it by hand"
                )
            if in_the_way is None:
                making.make(new)
            elif (reason := in_the_way.make(new, plan.moment)) is not None:
                raise PartitionKept(reason)

        if in_the_way is not None:
            ranges = ranges_to_fill(table, plan.create, plan.moment)
            try:
                in_the_way.clean()
                grown = next(filter(in_the_way.can_become_partition, ranges), None)
            except LockNotGranted as reason:
                report.left[str(table.default)] = str(reason)
                return
            if grown is not None:
                _each([grown], in_the_way.become_partition, report.created, report, is_ours)
                if str(grown) in report.created:
                    self._make_all(self._read(), report, is_ours)
                return
        _each(plan.create, make, report.created, report, is_ours)

    def _drop_all(self, table: PartitionedTable, plan: PartitionPlan, report: PartitionReport, is_ours: IsOurs) -> None:
        dropping = Dropping(table, self.patience, self.is_held, self.drops)
        _each(plan.finalize, dropping.finalize, report.detached, report, is_ours)
        _each(plan.detach, dropping.detach, report.detached, report, is_ours)
        if self.drops:
            _each(self._read().marked, dropping.drop, report.dropped, report, is_ours)


def _each(
    items: Iterable[T], step: Callable[[T], None], done: list[str], report: PartitionReport, is_ours: IsOurs
) -> None:
    """Do a step for each; what stops one of them is no reason to stop the others."""
    for item in items:
        is_ours()
        try:
            step(item)
        except (PartitionKept, LockNotGranted) as reason:
            report.left[str(item)] = str(reason)
        except IntegrityError as error:
            report.left[str(item)] = f"rows came meanwhile: {str(error.orig).splitlines()[0]}"
        else:
            done.append(str(item))
