"""Who waits for a lock: by the conflicts of the modes, the workload's calls, and the rest of the transaction."""

from __future__ import annotations

import pytest

from pgwright.durations.queues import waits
from pgwright.model.finding import CodeLine
from pgwright.model.locks import LockMode
from pgwright.model.migration import (
    Direction,
    MigrationEnvironment,
    ObservedRevision,
    ObservedStatement,
    PendingMigrations,
    SecondsRange,
    TakenLock,
)
from pgwright.model.names import QualifiedName
from pgwright.model.snapshot import Snapshot
from tests.support.builders import make_foreign_key, make_snapshot, make_statement, make_table

NOTE = QualifiedName("public", "note")


def lock(mode: LockMode, table: QualifiedName = NOTE, *, is_new: bool = False) -> TakenLock:
    return TakenLock(table, "table", table, mode, is_new)


def statement(
    *locks: TakenLock, seconds: tuple[float, float] | None = None, scanned: tuple[QualifiedName, ...] = ()
) -> ObservedStatement:
    took = SecondsRange(*seconds) if seconds else None
    place = CodeLine("r1.py", 1, "upgrade")
    return ObservedStatement("ALTER …", (), place, "", 1, False, locks=locks, seconds=took, scanned=scanned)


def pending(*statements: ObservedStatement, snapshot: Snapshot | None = None) -> PendingMigrations:
    revision = ObservedRevision("r1", (), "r1.py", "", "", Direction(statements))
    environment = MigrationEnvironment("env.py")
    return PendingMigrations("alembic.ini", "", "18.0", "", (), ("r1",), (revision,), environment, snapshot)


@pytest.fixture
def snapshot() -> Snapshot:
    return make_snapshot(
        make_table("note", "id bigint, title text", rows=1e6),
        make_table("tag", "id bigint", rows=10),
        make_statement("SELECT title FROM note WHERE id = $1", calls=5000, max_ms=40_000.0),
        make_statement("UPDATE note SET title = $1 WHERE id = $2", calls=1000, max_ms=300.0, total_ms=90_000.0),
        make_statement("SELECT id FROM tag", calls=7000),
        observed_seconds=100.0,
    )


def test_an_exclusive_lock_keeps_reads_and_writes_waiting(snapshot: Snapshot) -> None:
    one = statement(lock("ACCESS EXCLUSIVE"), seconds=(2, 4))
    (found,) = waits(pending(one, snapshot=snapshot), one)
    assert (found.reads_per_second, found.writes_per_second, found.count) == (50, 10, (120, 240))
    assert found.dearest is not None
    assert found.dearest.text.startswith("UPDATE")


def test_a_share_lock_keeps_only_writes_waiting(snapshot: Snapshot) -> None:
    one = statement(lock("SHARE"), seconds=(2, 4))
    (found,) = waits(pending(one, snapshot=snapshot), one)
    assert (found.reads_per_second, found.writes_per_second, found.blocks_reads) == (0, 10, False)


def test_the_lock_waits_for_the_longest_statement_and_others_queue_behind_it(snapshot: Snapshot) -> None:
    one = statement(lock("ACCESS EXCLUSIVE"))
    (found,) = waits(pending(one, snapshot=snapshot), one)
    assert found.longest is not None
    assert (found.longest.max_ms, found.per_second) == (40_000, 60)


def test_a_lock_is_held_until_the_last_statement_of_its_transaction(snapshot: Snapshot) -> None:
    first, second = statement(lock("ACCESS EXCLUSIVE")), statement(seconds=(10, 30))
    (found,) = waits(pending(first, second, snapshot=snapshot), first)
    assert found.seconds == SecondsRange(10, 30)
    assert waits(pending(first, second, snapshot=snapshot), second) == ()


def test_a_transaction_counts_each_table_once(snapshot: Snapshot) -> None:
    first, second = statement(lock("SHARE ROW EXCLUSIVE"), seconds=(1, 2)), statement(lock("SHARE"), seconds=(1, 2))
    (found,) = waits(pending(first, second, snapshot=snapshot), (first, second))
    assert (found.mode, found.seconds) == ("SHARE ROW EXCLUSIVE", SecondsRange(2, 4))


def test_weak_locks_and_new_tables_keep_nobody_waiting(snapshot: Snapshot) -> None:
    one = statement(lock("SHARE UPDATE EXCLUSIVE"), lock("ACCESS EXCLUSIVE", is_new=True), seconds=(2, 4))
    assert waits(pending(one, snapshot=snapshot), one) == ()


def test_without_a_snapshot_nothing_is_said_of_numbers() -> None:
    one = statement(lock("ACCESS EXCLUSIVE"), scanned=(NOTE,))
    (found,) = waits(pending(one), one)
    assert (found.seconds, found.per_second, found.count, found.longest) == (None, None, None, None)


def test_the_time_is_unknown_when_a_later_statement_works_for_an_unknown_time(snapshot: Snapshot) -> None:
    first, second = statement(lock("ACCESS EXCLUSIVE"), seconds=(1, 2)), statement(scanned=(NOTE,))
    (found,) = waits(pending(first, second, snapshot=snapshot), first)
    assert found.seconds is None


def test_a_partition_is_read_by_the_statements_on_its_parent() -> None:
    snapshot = make_snapshot(
        make_table("log", "id bigint", kind="partitioned table"),
        make_table("log_1", "id bigint", rows=100, parent="log"),
        make_statement("SELECT id FROM log", calls=200),
        observed_seconds=100.0,
    )
    one = statement(lock("ACCESS EXCLUSIVE", QualifiedName("public", "log_1")), seconds=(1, 2))
    (found,) = waits(pending(one, snapshot=snapshot), one)
    assert found.reads_per_second == 2


def test_a_write_to_a_child_waits_for_its_parent() -> None:
    snapshot = make_snapshot(
        make_table("note", "id bigint", rows=100),
        make_table("tag", "id bigint, note_id bigint", rows=100),
        make_foreign_key("tag", "note_id", "note"),
        make_statement("INSERT INTO tag VALUES ($1, $2)", calls=300),
        observed_seconds=100.0,
    )
    one = statement(lock("ACCESS EXCLUSIVE"), seconds=(1, 2))
    (found,) = waits(pending(one, snapshot=snapshot), one)
    assert found.writes_per_second == 3
