"""Who would wait for a migration's locks: the app's statements, how many of them, and behind whom the lock waits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pgwright.durations.holding import held_seconds, transaction_of
from pgwright.durations.traffic import TakesLock, traffic
from pgwright.model.locks import LOCK_MODES, LockMode, blocks_reads, blocks_writes, excludes
from pgwright.model.migration import ObservedStatement, PendingMigrations, SecondsRange
from pgwright.model.names import QualifiedName
from pgwright.model.snapshot import Snapshot
from pgwright.model.statement import Statement

Transaction = Sequence[ObservedStatement]


@dataclass(frozen=True)
class Waiting:
    """What one lock of a migration keeps waiting, on one table that is not new."""

    table: QualifiedName
    mode: LockMode
    seconds: SecondsRange | None
    """How long it is held: from its statement to the end of the transaction, estimated; None: unknown."""
    reads_per_second: float | None
    """Statements of the app that only read, and would wait; None: no workload, or not known how long it counted."""
    writes_per_second: float | None
    """Those that write, or lock rows."""
    count: tuple[float, float] | None
    """How many statements would begin to wait while it is held, at least and at most; None: unknown."""
    dearest: Statement | None
    """Of those that would wait, the one that took most time in the workload."""
    longest: Statement | None
    """The one that ran longest, once: while it runs the lock itself waits, and everybody who comes queues behind it."""

    @property
    def blocks_reads(self) -> bool:
        return blocks_reads(self.mode)

    @property
    def blocks_writes(self) -> bool:
        return blocks_writes(self.mode)

    @property
    def per_second(self) -> float | None:
        """All that would wait."""
        if self.reads_per_second is None or self.writes_per_second is None:
            return None
        return self.reads_per_second + self.writes_per_second


def waits(pending: PendingMigrations, subject: ObservedStatement | Transaction) -> tuple[Waiting, ...]:
    """Return what would wait for the locks of a statement, or of a whole transaction; most first.

    A lock is held to the end of its transaction, so the time of all later statements there counts. Locks on new tables
    and those that the app's reads and writes go beside are left out. Of several on one table that keep the same
    statements waiting, the one that is held longest counts.

    Args:
        subject: a statement of `pending`, or the statements of one of its transactions.
    """
    statements = (subject,) if isinstance(subject, ObservedStatement) else tuple(subject)
    found: dict[tuple[QualifiedName, bool], Waiting] = {}
    for statement in statements:
        seconds = held_seconds(pending, statement, transaction_of(pending, statement))
        for table, mode in _blocking(statement):
            place = table, blocks_reads(mode)
            if place not in found or _is_stronger(mode, found[place].mode):
                # The first lock is held longest, and a stronger one that came later keeps at least as many waiting.
                held = found[place].seconds if place in found else seconds
                found[place] = _waiting(table, mode, held, pending.snapshot)
    return tuple(sorted(found.values(), key=lambda one: (-(one.count or (0, 0))[1], str(one.table), one.mode)))


def _blocking(statement: ObservedStatement) -> Iterable[tuple[QualifiedName, LockMode]]:
    """Yield the locks on tables that keep reads or writes waiting, each table's strongest."""
    strongest: dict[QualifiedName, LockMode] = {}
    for lock in statement.locks:
        is_table = lock.table == lock.relation
        # An index is locked by whoever plans a query on its table.
        if not lock.is_new and (blocks_reads(lock.mode) or (is_table and blocks_writes(lock.mode))):
            known = strongest.get(lock.table)
            strongest[lock.table] = lock.mode if known is None or _is_stronger(lock.mode, known) else known
    yield from strongest.items()


def _is_stronger(one: LockMode, other: LockMode) -> bool:
    return LOCK_MODES.index(one) > LOCK_MODES.index(other)


def _waiting(table: QualifiedName, mode: LockMode, seconds: SecondsRange | None, snapshot: Snapshot | None) -> Waiting:
    waiting = [one for one in traffic(table, snapshot) if excludes(mode, one.mode)] if snapshot is not None else []
    reads, writes = _per_second(waiting, snapshot)
    total = reads + writes if reads is not None and writes is not None else None
    return Waiting(
        table,
        mode,
        seconds,
        reads,
        writes,
        count=(total * seconds.low, total * seconds.high) if total is not None and seconds is not None else None,
        dearest=max((one.statement for one in waiting), key=lambda one: one.total_ms, default=None),
        longest=max((one.statement for one in waiting), key=lambda one: one.max_ms, default=None),
    )


def _per_second(waiting: Sequence[TakesLock], snapshot: Snapshot | None) -> tuple[float | None, float | None]:
    if snapshot is None or not snapshot.observed_seconds or not snapshot.statements:
        return None, None
    calls = {True: 0, False: 0}
    for one in waiting:
        calls[one.mode == "ACCESS SHARE"] += one.statement.calls
    return calls[True] / snapshot.observed_seconds, calls[False] / snapshot.observed_seconds
