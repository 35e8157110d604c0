"""What others write of a person while they are erased, in each order that two transactions can have."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import psycopg
import pytest
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.orm import Session

from pgwright_runtime.erasure import (
    Anonymise,
    Erasure,
    ErasureFailed,
    ErasureOutcome,
    PersonErased,
    erase,
    require_person,
)
from runtime.tests.support.erasure_shop import SECRET, AuditLog, User, make_erasure, make_shop
from tests.support.database import Database

T = TypeVar("T")
WAITING = """SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock' AND state = 'active'"""


@pytest.fixture
def shop(database: Database) -> Database:
    make_shop(database)
    return database


@pytest.fixture
def engine(shop: Database) -> Iterator[Engine]:
    engine = create_engine(shop.url("psycopg"))
    yield engine
    engine.dispose()


@pytest.fixture
def writer(shop: Database) -> Iterator[Engine]:
    engine = create_engine(shop.url("psycopg"))
    yield engine
    engine.dispose()


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as pool:
        yield pool


@pytest.fixture
def other(shop: Database) -> Iterator[psycopg.Connection]:
    with psycopg.connect(shop.dsn) as connection:
        yield connection


def until_waiting(shop: Database, number: int = 1) -> None:
    """Return when so many sessions wait for a lock."""
    with psycopg.connect(shop.dsn, autocommit=True) as watcher:
        while watcher.execute(WAITING.encode()).fetchone() != (number,):
            watcher.execute("SELECT pg_sleep(0.005)")


class Held:
    """An erasure that stops just before its commit, until it may go on."""

    def __init__(self, engine: Engine, threads: ThreadPoolExecutor, declared: Erasure | None = None) -> None:
        self.reached, self.may_go_on = threading.Event(), threading.Event()
        event.listen(engine, "commit", self._wait)
        self.result: Future[ErasureOutcome] = threads.submit(
            erase, engine, declared or make_erasure(), 3, secret=SECRET
        )
        self.reached.wait(30)

    def _wait(self, connection: object) -> None:
        self.reached.set()
        self.may_go_on.wait(30)

    def end(self) -> ErasureOutcome:
        self.may_go_on.set()
        return self.result.result(30)


def in_thread(threads: ThreadPoolExecutor, shop: Database, statement: str) -> Future[None]:
    def work() -> None:
        with psycopg.connect(shop.dsn) as connection:
            connection.execute(statement.encode())

    return threads.submit(work)


def test_a_child_row_written_before_and_not_committed_is_waited_for_and_erased(
    shop: Database, engine: Engine, threads: ThreadPoolExecutor, other: psycopg.Connection
) -> None:
    other.execute("INSERT INTO notes (id, user_id, body) VALUES (1000, 3, 'late')")
    erasing = threads.submit(erase, engine, make_erasure(), 3, secret=SECRET)
    until_waiting(shop)
    other.commit()
    notes = {one.table: one for one in erasing.result(30).tables}["public.notes"]
    assert notes.deleted == 11
    assert shop.rows("SELECT count(*) FROM notes WHERE user_id = 3") == [(0,)]


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO notes (id, user_id, body) VALUES (1000, 3, 'late')",
        "INSERT INTO visits VALUES (3, '10.0.0.3')",
        "INSERT INTO invoices (id, user_id, total) VALUES (1000, 3, 1)",
        "UPDATE notes SET user_id = 3 WHERE id = (SELECT min(id) FROM notes WHERE user_id = 4)",
        "INSERT INTO notes (id, user_id, parent_id, body) VALUES (1000, 4, 2, 'answer to one of theirs')",
    ],
)
def test_a_row_by_a_foreign_key_waits_meanwhile_and_is_refused_then(
    shop: Database, engine: Engine, threads: ThreadPoolExecutor, statement: str
) -> None:
    held = Held(engine, threads)
    writing = in_thread(threads, shop, statement)
    until_waiting(shop)
    assert held.end().status == "erased"
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        writing.result(30)


def test_a_change_of_one_of_their_rows_waits_and_finds_nothing(
    shop: Database, engine: Engine, threads: ThreadPoolExecutor
) -> None:
    held = Held(engine, threads)
    writing = in_thread(threads, shop, "UPDATE notes SET body = 'back again' WHERE user_id = 3")
    until_waiting(shop)
    held.end()
    writing.result(30)
    assert shop.rows("SELECT count(*) FROM notes WHERE body = 'back again'") == [(0,)]


def test_a_row_given_to_another_before_stays_with_them(
    shop: Database, engine: Engine, threads: ThreadPoolExecutor, other: psycopg.Connection
) -> None:
    other.execute("UPDATE visits SET user_id = 4, seen_ip = '10.9.9.9' WHERE user_id = 3")
    erasing = threads.submit(erase, engine, make_erasure(), 3, secret=SECRET)
    until_waiting(shop)
    other.commit()
    erasing.result(30)
    assert shop.rows("SELECT count(*) FROM visits WHERE seen_ip = '10.9.9.9'") == [(3,)]


def test_where_the_subject_stays_nameless_a_writer_waits_and_then_goes_on(
    shop: Database, engine: Engine, threads: ThreadPoolExecutor
) -> None:
    declared = make_erasure(rules=[*make_erasure().rules, Anonymise(User, {User.email: "gone"})])
    held = Held(engine, threads, declared)
    writing = in_thread(threads, shop, "INSERT INTO visits VALUES (3, '10.0.0.3')")
    until_waiting(shop)
    held.end()
    writing.result(30)
    assert shop.rows("SELECT count(*) FROM visits WHERE user_id = 3") == [(1,)]


def test_other_persons_are_not_kept_waiting(shop: Database, engine: Engine, threads: ThreadPoolExecutor) -> None:
    held = Held(engine, threads)
    try:
        for statement in (
            "INSERT INTO notes (id, user_id, body) VALUES (1000, 4, 'mine')",
            "UPDATE users SET email = 'new@shop.test' WHERE id = 4",
            "DELETE FROM visits WHERE user_id = 4",
        ):
            in_thread(threads, shop, f"SET lock_timeout = '1s'; {statement}").result(30)
    finally:
        held.end()


def test_two_erasures_of_one_person_do_not_run_at_once(
    shop: Database, engine: Engine, writer: Engine, threads: ThreadPoolExecutor
) -> None:
    held = Held(engine, threads)
    again = threads.submit(erase, writer, make_erasure(), 3, secret=SECRET)
    until_waiting(shop)
    held.end()
    assert again.result(30).status == "not found"


def test_a_link_is_safe_for_who_asks_for_the_person_first(
    shop: Database, engine: Engine, writer: Engine, threads: ThreadPoolExecutor
) -> None:
    def write(is_there: Callable[[Session], None]) -> None:
        with Session(writer) as session:
            is_there(session)
            session.add(AuditLog(id=1000, actor_email="user3@shop.test", ip="10.0.0.9"))
            session.commit()

    held = Held(engine, threads)
    refused = threads.submit(write, lambda session: require_person(session, User, 3))
    until_waiting(shop)
    held.end()
    with pytest.raises(PersonErased, match="the row of 'users' is gone"):
        refused.result(30)
    assert shop.rows("SELECT count(*) FROM audit_log WHERE actor_email = 'user3@shop.test'") == [(0,)]


def test_a_link_written_under_that_lock_before_is_waited_for_and_erased(
    shop: Database, engine: Engine, writer: Engine, threads: ThreadPoolExecutor
) -> None:
    with Session(writer) as session:
        require_person(session, User, 3)
        session.add(AuditLog(id=1000, actor_email="user3@shop.test", ip="10.0.0.9"))
        session.flush()
        erasing = threads.submit(erase, engine, make_erasure(), 3, secret=SECRET)
        until_waiting(shop)
        session.commit()
    assert {one.table: one for one in erasing.result(30).tables}["public.audit_log"].deleted == 6


def test_who_holds_a_row_for_too_long_is_told_and_nothing_is_gone(
    shop: Database, engine: Engine, other: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pgwright_runtime.erasure import attempt

    monkeypatch.setitem(attempt._SETTINGS, "lock_timeout", "100ms")
    other.execute("SELECT FROM notes WHERE user_id = 3 FOR UPDATE")
    with pytest.raises(ErasureFailed, match="others hold rows of the person"):
        erase(engine, make_erasure(), 3, secret=SECRET)
    other.rollback()
    assert shop.rows("SELECT count(*) FROM notes WHERE user_id = 3") == [(10,)]


def test_an_erasure_that_is_killed_leaves_everything(
    shop: Database, engine: Engine, threads: ThreadPoolExecutor
) -> None:
    held = Held(engine, threads)
    shop.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
                 "AND state = 'idle in transaction' AND pid <> pg_backend_pid()")  # fmt: skip
    with pytest.raises(Exception, match=r"terminat|closed"):
        held.end()
    assert shop.rows("SELECT count(*) FROM notes WHERE user_id = 3") == [(10,)]
