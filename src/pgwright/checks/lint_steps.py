"""A statement of a pending revision: which tables it means, how large they are, what its transaction holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from pgwright.figures import count, duration, size
from pgwright.model.finding import Severity
from pgwright.model.locks import LOCK_MODES, LockMode
from pgwright.model.migration import (
    Action,
    ActionKind,
    ObservedRevision,
    ObservedStatement,
    PendingMigrations,
    RelationRef,
    TakenLock,
)
from pgwright.model.names import QualifiedName
from pgwright.model.table import Table

# Read, sorted or written anew within about half a second.
SMALL_BYTES = 10 * 1024**2
# From here on such work takes seconds, in which the app's requests pile up.
LARGE_BYTES = 100 * 1024**2
_REVISION_LETTERS = 12
# A step of the runtime's own, which works through small tables only: the empty one of the twin is small.
_RUNTIME = "DO $pgwright$"
# The TOAST table of what a statement dropped belongs to nobody any more.
_SERVERS_OWN = ("pg_toast", "pg_catalog", "information_schema")


@dataclass(frozen=True)
class LintStep:
    """One statement of `upgrade()`, with all that came before it."""

    pending: PendingMigrations
    revision: ObservedRevision
    statement: ObservedStatement
    position: int
    """Among the statements of its revision."""

    @property
    def where(self) -> str:
        """`in 4f2a1c90b7de`."""
        return f"in {self.revision.revision[:_REVISION_LETTERS]}"

    @cached_property
    def before(self) -> tuple[ObservedStatement, ...]:
        """The statements before it in its transaction."""
        earlier = self.revision.upgrade.statements[: self.position]
        return tuple(one for one in earlier if one.transaction == self.statement.transaction)

    @cached_property
    def after(self) -> tuple[LintStep, ...]:
        """The steps after it in its transaction."""
        later = enumerate(self.revision.upgrade.statements[self.position + 1 :], self.position + 1)
        return tuple(
            LintStep(self.pending, self.revision, one, n)
            for n, one in later
            if one.transaction == self.statement.transaction
        )

    @property
    def locks(self) -> tuple[TakenLock, ...]:
        """The locks that it took, but for those on TOAST tables which no table owns any more."""
        return tuple(one for one in self.statement.locks if one.table.schema not in _SERVERS_OWN)

    @cached_property
    def held(self) -> dict[QualifiedName, LockMode]:
        """The strongest lock on each table that its transaction has when it has run."""
        return _strongest((*self.before, self.statement))

    @cached_property
    def held_before(self) -> dict[QualifiedName, LockMode]:
        return _strongest(self.before)

    @cached_property
    def worked_on(self) -> tuple[QualifiedName, ...]:
        """The tables that were read or written whole, or got an index, and are large or of unknown size."""
        if self.statement.text.lstrip().startswith(_RUNTIME):
            return ()
        owner = {one.relation: one.table for one in self.statement.locks}
        indexed = [self.table(one.table) for one in self.statement.actions if one.kind == "create index"]
        built = [owner.get(one) for one in self.statement.built]
        every = (*self.statement.rewritten, *self.statement.scanned, *built, *(indexed if built else ()))
        return tuple(dict.fromkeys(one for one in every if one is not None and self.matters(one)))

    def table(self, named: RelationRef | None) -> QualifiedName | None:
        """Return the table that a statement means by a name, or whose index it means; None where it names none."""
        if named is None:
            return None
        for one in (*self.statement.locks, *(lock for each in reversed(self.before) for lock in each.locks)):
            if named.matches(one.relation) or named.matches(one.table):
                return one.table
        snapshot = self.pending.snapshot
        known = [one.name for one in snapshot.tables if named.matches(one.name)] if snapshot is not None else []
        return known[0] if known else QualifiedName(named.schema or "public", named.name)

    def is_new(self, table: QualifiedName) -> bool:
        """Tell whether this revision or a pending one before it made the table: no row of the app is in it."""
        if any(one.is_new and one.relation == table for each in (*self.before, self.statement) for one in each.locks):
            return True
        made = {name for one in self._earlier for name in one.new_tables} | set(self.revision.new_tables)
        return table in made

    @property
    def _earlier(self) -> Iterator[ObservedRevision]:
        for one in self.pending.revisions:
            if one is self.revision:
                return
            yield one

    def known(self, table: QualifiedName) -> Table | None:
        """Return the table as the snapshot has it, by the name that it had there; None: unknown."""
        return self.pending.table(self._original(table))

    def _original(self, table: QualifiedName) -> QualifiedName:
        """Return the name that a table had before the pending revisions renamed it."""
        statements = [one for each in self._earlier for one in each.upgrade.statements]
        statements += self.revision.upgrade.statements[: self.position]
        for one in reversed([action for each in statements for action in each.actions]):
            if one.kind == "rename table" and one.new_name == table.name and one.table is not None:
                table = QualifiedName(one.table.schema or table.schema, one.name)
        return table

    def is_scanned(self, table: QualifiedName) -> bool:
        """Tell whether the statement read the table, or a partition of it, whole."""
        return not self._family(table).isdisjoint(self.statement.scanned)

    def is_rewritten(self, table: QualifiedName) -> bool:
        """Tell whether the table, or a partition of it, got a new file."""
        return not self._family(table).isdisjoint(self.statement.rewritten)

    def _family(self, table: QualifiedName) -> set[QualifiedName]:
        snapshot, known = self.pending.snapshot, self.known(table)
        below = snapshot.heirs(known.name) if snapshot is not None and known is not None else ()
        return {table, *(self.partitions(table) or ()), *below}

    def default_partition(self, table: QualifiedName) -> Table | None:
        """Return the DEFAULT partition that the snapshot has of a table."""
        snapshot, known = self.pending.snapshot, self.known(table)
        if snapshot is None or known is None:
            return None
        return next((one for one in snapshot.partitions_by_table.get(known.name, ()) if one.bound == "DEFAULT"), None)

    @property
    def has_lock_timeout(self) -> bool:
        """Tell whether the statement gives up waiting for a lock after a time that somebody set."""
        environment = self.pending.environment
        earlier = self.revision.upgrade.statements[: self.position]
        is_set = any(one.kind == "set" and one.name == "lock_timeout" for each in earlier for one in each.actions)
        return is_set or bool(environment.sets_lock_timeout) or environment.runs_safely

    @property
    def major(self) -> int:
        """Of the server that it is for, as far as known: of that which it ran on."""
        snapshot = self.pending.snapshot
        digits = self.pending.observed_on.partition(".")[0]
        return snapshot.server.major if snapshot is not None else int(digits) if digits.isdigit() else 0

    def bytes_of(self, table: QualifiedName) -> int | None:
        """Return the size with indexes and partitions; None: unknown."""
        known, snapshot = self.known(table), self.pending.snapshot
        if known is None or snapshot is None:
            return None
        return max(known.total_bytes, sum(leaf.total_bytes for leaf in snapshot.leaves(known.name)))

    def rows_of(self, table: QualifiedName) -> float | None:
        known = self.known(table)
        return None if known is None else known.rows

    def partitions(self, table: QualifiedName) -> tuple[QualifiedName, ...] | None:
        """Return the partitions one level below; () where it has none, None where some of them are partitioned."""
        kinds = {one.relation: one.kind for each in (*self.before, self.statement) for one in each.locks}
        known, snapshot = self.known(table), self.pending.snapshot
        if known is None or snapshot is None:
            if kinds.get(table) != "partitioned table":
                return ()
            seen = {one.relation: one.kind for one in self.statement.locks}
            below = [one for one, kind in seen.items() if one != table and kind in ("table", "partitioned table")]
            is_deep = any(seen[one] == "partitioned table" for one in below)
            return None if is_deep or not below else tuple(below)
        if known.kind != "partitioned table":
            return ()
        parts_of = snapshot.partitions_by_table.get(known.name, ())
        is_deep = any(one.kind == "partitioned table" for one in parts_of)
        return None if is_deep or not parts_of else tuple(one.name for one in parts_of)

    def is_small(self, table: QualifiedName) -> bool:
        """Tell whether work on the whole table is over before anybody minds; of unknown size it is not."""
        known = self.bytes_of(table)
        return known is not None and known <= SMALL_BYTES

    def is_empty(self, table: QualifiedName) -> bool:
        return self.is_new(table) or self.rows_of(table) == 0

    def matters(self, table: QualifiedName | None) -> bool:
        """Tell whether the app would notice work on the whole table, or the size is unknown."""
        is_ours = table is not None and table.schema not in _SERVERS_OWN
        return table is not None and is_ours and not self.is_new(table) and not self.is_small(table)

    def is_dropped_later(self, table: QualifiedName) -> bool:
        """Tell whether the same revision drops the table after this: then nobody minds what is done to it."""
        later = self.revision.upgrade.statements[self.position :]
        dropped = (one.table for each in later for one in each.actions if one.kind == "drop table" and one.table)
        return any(one.matches(table) for one in dropped)

    def severity(self, *tables: QualifiedName) -> Severity:
        """Return "high" where one of the tables is large, else "medium"."""
        return "high" if any((self.bytes_of(one) or 0) >= LARGE_BYTES for one in tables) else "medium"

    def sized(self, table: QualifiedName) -> str:
        """Return `note (5,000,000 rows, 476.8 MB)`, or that the size is unknown; of a new table, its name."""
        if self.is_new(table):
            return table.short
        rows, taken = self.rows_of(table), self.bytes_of(table)
        if rows is None or taken is None:
            return f"{table.short} (its size is unknown)"
        return f"{table.short} ({count(rows, 'row')}, {size(taken)})"

    def how_long(self, otherwise: str = "for as long as it works") -> str:
        """Return `for an estimated 12 s to 30 s`, or the other words where no time is known."""
        seconds = self.statement.seconds
        if seconds is None:
            return otherwise
        low, high = duration(seconds.low), duration(seconds.high)
        return f"for an estimated {high}" if low == high else f"for an estimated {low} to {high}"


def steps(pending: PendingMigrations) -> Iterator[LintStep]:
    """Yield each statement that the pending revisions' `upgrade()` sent, in their order."""
    for revision in pending.revisions:
        for position, statement in enumerate(revision.upgrade.statements):
            yield LintStep(pending, revision, statement, position)


def parts(pending: PendingMigrations, *kinds: ActionKind) -> Iterator[tuple[LintStep, Action]]:
    """Yield the changes of these kinds that ran without an error, each with its step."""
    for step in steps(pending):
        if not step.statement.error:
            yield from ((step, action) for action in step.statement.actions if action.kind in kinds)


def _strongest(statements: Iterable[ObservedStatement]) -> dict[QualifiedName, LockMode]:
    found: dict[QualifiedName, LockMode] = {}
    for lock in (one for each in statements for one in each.locks):
        if lock.relation == lock.table and lock.table.schema not in _SERVERS_OWN:
            known = found.get(lock.table, lock.mode)
            found[lock.table] = max(known, lock.mode, key=LOCK_MODES.index)
    return found
