"""Sync sessions on a real streaming replica: the same promises, kept by threads."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext

import pytest
from sqlalchemy import create_engine, func, insert, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from pgwright.embedded import EmbeddedServer
from pgwright_runtime.replicas import (
    NotAPrimary,
    NotAReplica,
    Replicas,
    WriteOnReadSession,
)
from runtime.tests.support.replica_servers import (
    SECRET,
    Note,
    Replica,
    SyncEngines,
    primary,
    replay_paused,
    replica,
    run_replica,
    sync_engines,
)

__all__ = ["primary", "replica", "sync_engines"]  # fixtures

IN_RECOVERY = select(func.pg_is_in_recovery())


def add(replicas: Replicas, note: str) -> int:
    with replicas.session() as session:
        session.add(added := Note(text=note))
        session.commit()
        key: int = added.id
        return key


def read(replicas: Replicas, key: int) -> tuple[str | None, bool]:
    """Return a note's text, and whether the primary told it."""
    with replicas.read_session() as session:
        found = session.get(Note, key)
        return found.text if found else None, not session.scalar(IN_RECOVERY)


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def watching_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "pgwright"]


def test_own_writes_are_read_while_the_replica_stands_still(sync_engines: SyncEngines, replica: Replica) -> None:
    with sync_engines.replicas(wait_ms=20) as replicas:
        with replay_paused(replica):
            with replicas.caller():
                key = add(replicas, "mine")
                assert read(replicas, key) == ("mine", True)
                token = replicas.token()
            with replicas.caller():  # somebody else does not need it
                assert read(replicas, key) == (None, False)
            with replicas.caller(token):  # as in a job
                assert read(replicas, key) == ("mine", True)
        metrics = replicas.metrics()
    assert (metrics.reads_on_primary["not replayed"], metrics.reads_on_replica, metrics.waits) == (4, 2, 2)


def test_a_replica_that_catches_up_in_time_is_waited_for(sync_engines: SyncEngines, replica: Replica) -> None:
    def reading() -> tuple[str | None, bool]:
        with replicas.caller(token):
            return read(replicas, key)

    with sync_engines.replicas() as replicas, ThreadPoolExecutor(1) as thread:
        with replay_paused(replica):
            with replicas.caller():
                key = add(replicas, "mine")
                token = replicas.token()
            answer = thread.submit(reading)
            until(lambda: replicas.metrics().waits > 0)
        assert answer.result() == ("mine", False)


def test_a_write_during_an_open_read_transaction_is_shown(sync_engines: SyncEngines, replica: Replica) -> None:
    with sync_engines.replicas(wait_ms=0) as replicas, replay_paused(replica), replicas.caller():
        session = replicas.read_session()
        first = session.get_one(Note, 1)
        key = add(replicas, "mine")
        assert session.get_one(Note, key).text == "mine"
        assert first.text == "the first"
        session.commit()
        session.close()


def test_a_function_that_writes_is_remembered_and_a_rollback_is_not(sync_engines: SyncEngines) -> None:
    with sync_engines.replicas() as replicas, replicas.caller():
        with replicas.session() as session:
            session.add(Note(text="never"))
            session.flush()
        assert replicas.token() is None
        with replicas.session() as session:
            session.execute(select(func.add_note("by a function")))
            session.commit()
        assert replicas.token() is not None


def test_a_commit_without_an_answer_sends_reads_to_the_primary(
    sync_engines: SyncEngines, primary: EmbeddedServer
) -> None:
    with sync_engines.replicas() as replicas, replicas.caller():
        with replicas.session() as session:
            session.add(Note(text="cut off"))
            session.flush()
            pid = session.scalar(select(func.pg_backend_pid()))
            with primary.admin() as admin:
                admin.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
            with pytest.raises(DBAPIError):
                session.commit()
        assert read(replicas, 1) == ("the first", True)
        assert replicas.metrics().reads_on_primary["unknown write"] == 2


def test_a_write_on_a_read_session_is_refused(sync_engines: SyncEngines) -> None:
    with sync_engines.replicas() as replicas:
        with replicas.read_session() as session:
            session.add(Note(text="no"))
            with pytest.raises(WriteOnReadSession, match="cannot flush 'Note'"):
                session.commit()
        with replicas.read_session() as session, pytest.raises(WriteOnReadSession, match="execute INSERT"):
            session.execute(insert(Note).values(text="no"))
        with replicas.read_session() as session, pytest.raises(DBAPIError, match="read-only transaction"):
            session.execute(text("INSERT INTO notes (text) VALUES ('no')"))


def test_no_read_fails_when_the_replica_does(sync_engines: SyncEngines, primary: EmbeddedServer) -> None:
    done: Counter[bool] = Counter()
    going = threading.Event()
    going.set()

    def reading() -> None:
        while going.is_set():
            with replicas.read_session() as session:
                assert session.get_one(Note, 1).text == "the first"
                done[bool(session.scalar(IN_RECOVERY))] += 1
            time.sleep(0.01)

    with run_replica(primary) as mortal:
        engine = create_engine(mortal.server.url("postgres", "psycopg"))
        replicas = Replicas(sync_engines.primary, [engine], secret=SECRET)
        with replicas, ThreadPoolExecutor(8) as threads:
            readers = [threads.submit(reading) for _ in range(8)]
            until(lambda: done[True] > 50)
            mortal.server.process.send_signal(signal.SIGKILL)
            mortal.server.process.wait(20)
            until(lambda: done[False] > 50)
            assert not replicas.metrics().replicas[0].is_healthy
            mortal.start()
            before = done[True]
            until(lambda: done[True] > before + 50 or any(reader.done() for reader in readers))
            going.clear()
            for reader in readers:
                reader.result()
            assert replicas.metrics().replicas[0].is_healthy
        engine.dispose()


def test_a_transaction_of_reads_goes_on_elsewhere(sync_engines: SyncEngines, replica: Replica) -> None:
    with sync_engines.replicas() as replicas, replicas.read_session() as session:
        note = session.get_one(Note, 1)
        replica.execute(f"SELECT pg_terminate_backend({session.scalar(select(func.pg_backend_pid()))}, 5000)")
        assert not session.scalar(IN_RECOVERY)
        assert note.text == "the first"
        session.commit()
        assert replicas.metrics().reads_on_primary["failed over"] == 1


def test_a_function_is_called_again(sync_engines: SyncEngines, replica: Replica) -> None:
    calls = 0

    def function(session: Session) -> object:
        nonlocal calls
        calls += 1
        session.execute(text("SET LOCAL work_mem = '1MB'"))
        if calls == 1:
            replica.execute(f"SELECT pg_terminate_backend({session.scalar(select(func.pg_backend_pid()))}, 5000)")
        return session.scalar(text("SHOW work_mem"))

    with sync_engines.replicas() as replicas:
        assert replicas.read(function) == "1MB"
    assert calls == 2


def test_the_first_reads_start_one_watch(sync_engines: SyncEngines) -> None:
    replicas = sync_engines.replicas()
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(lambda _: read(replicas, 1), range(8))) == [("the first", False)] * 8
    assert len(watching_threads()) == 3
    replicas.stop()
    assert not watching_threads()
    assert read(replicas, 1) == ("the first", False)  # and once more
    replicas.stop()


def test_servers_that_are_something_else_are_refused(sync_engines: SyncEngines) -> None:
    with pytest.raises(NotAReplica, match=r"replica 1 .* is a primary"):
        Replicas(sync_engines.primary, [sync_engines.primary], secret=SECRET).start()
    with pytest.raises(NotAPrimary, match=r"the primary .* is a replica"):
        Replicas(sync_engines.replica, [sync_engines.replica], secret=SECRET).start()
    assert not watching_threads()


_APP = """
import sys
from sqlalchemy import create_engine, func, select
from pgwright_runtime import create_engine
from pgwright_runtime.replicas import Replicas

primary, replica = (create_engine(url) for url in sys.argv[1:])
replicas = Replicas(primary, [replica], secret=b"0123456789abcdef")
with replicas.read_session() as session:
    answer = session.scalar(select(func.pg_is_in_recovery()))
print(answer, flush=True)
input()
primary.dispose()
replica.dispose()
"""


@pytest.mark.parametrize("hangs", [False, True])
def test_a_program_ends_without_stop(sync_engines: SyncEngines, replica: Replica, hangs: bool) -> None:
    urls = [engine.url.render_as_string() for engine in (sync_engines.primary, sync_engines.replica)]
    program = subprocess.Popen(
        [sys.executable, "-X", "dev", "-c", _APP, *urls],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert program.stdout is not None
    assert program.stdout.readline() == "True\n"
    with replica.frozen() if hangs else nullcontext():
        _, errors = program.communicate("\n", timeout=30)
    assert program.returncode == 0
    # -X dev tells of every connection that is left open.
    assert not [line for line in errors.splitlines() if "out of use" not in line]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_a_forked_child_watches_by_itself_and_leaves_the_parent_s_watch_alone(sync_engines: SyncEngines) -> None:
    with sync_engines.replicas() as replicas:
        assert read(replicas, 1) == ("the first", False)
        child = os.fork()
        if not child:
            try:
                replicas.stop()
                is_good = read(replicas, 1) == ("the first", False) and len(watching_threads()) == 3
                replicas.stop()
                os._exit(0 if is_good else 1)
            finally:
                os._exit(2)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        for _ in range(3):
            time.sleep(0.15)
            assert read(replicas, 1) == ("the first", False)
        assert replicas.metrics().failovers == 0
