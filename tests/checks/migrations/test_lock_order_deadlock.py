"""The rule `lock-order-deadlock`."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import psycopg

from tests.checks.migrations.conftest import SCHEMA, Rules
from tests.support.database import Database

CHECK = "lock-order-deadlock"

_KEYED = f"{SCHEMA}; ALTER TABLE note ADD FOREIGN KEY (owner_id) REFERENCES owner"
_PARENT, _CHILD = (f'op.add_column("{one}", sa.Column("x", sa.Text()))' for one in ("owner", "note"))


def test_fires_when_the_parent_is_locked_first(rules: Rules) -> None:
    (found,) = rules.found(CHECK, f"{_PARENT}\n{_CHILD}", _KEYED)
    assert found.object == "owner, then note in r1"


def test_quiet_in_the_order_of_an_insert(rules: Rules) -> None:
    assert rules.objects(CHECK, f"{_CHILD}\n{_PARENT}", _KEYED) == []


def test_quiet_without_a_foreign_key(rules: Rules) -> None:
    assert rules.objects(CHECK, f"{_PARENT}\n{_CHILD}") == []


def test_the_deadlock_is_real(database: Database) -> None:
    """An INSERT that holds the child waits for the parent, and the revision for the child: the server cancels one."""
    database.execute(f"{_KEYED}; INSERT INTO owner VALUES (1)")
    with psycopg.connect(database.dsn) as revision, psycopg.connect(database.dsn) as app:
        app.execute("LOCK TABLE note IN ROW EXCLUSIVE MODE")  # as an INSERT does before it looks up its parent
        revision.execute("ALTER TABLE owner ADD x text")
        with ThreadPoolExecutor(2) as threads:
            wanted = (
                threads.submit(revision.execute, "ALTER TABLE note ADD x text"),
                threads.submit(app.execute, "INSERT INTO note (id, owner_id) VALUES (1, 1)"),
            )
            failures = {type(one.exception()) for one in wanted}
    assert psycopg.errors.DeadlockDetected in failures
