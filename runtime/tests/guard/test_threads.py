"""Threads belong to the unit that starts them if the guard is told to follow them, and nothing is patched otherwise."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event, Thread
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, text

from pgwright.embedded import EmbeddedServer
from pgwright_runtime.guard import GuardRules, QueryGuard
from pgwright_runtime.guard.guard import Mode


@pytest.fixture
def engine(server: EmbeddedServer) -> Iterator[Engine]:
    engine = create_engine(server.url("postgres", "psycopg"))
    yield engine
    engine.dispose()


def run_in_a_thread(engine: Engine) -> None:
    def run() -> None:
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))

    thread = Thread(target=run)
    thread.start()
    thread.join()


def methods() -> tuple[object, object]:
    return Thread.start, ThreadPoolExecutor.submit


@pytest.mark.parametrize("mode", ["raise", "warn", "sample"])
def test_by_default_nothing_is_patched_and_a_thread_is_not_seen(engine: Engine, mode: Mode) -> None:
    before = methods()
    guard = QueryGuard(engine, mode=mode, share=1)
    with guard.unit("threads") as unit:
        assert methods() == before
        run_in_a_thread(engine)
    assert (unit.count, methods()) == (0, before)


def test_a_guard_that_follows_patches_while_a_unit_is_open(engine: Engine) -> None:
    before = methods()
    guards = [QueryGuard(engine, follow_threads=True) for _ in range(2)]
    assert methods() == before
    with guards[0].unit("outer") as outer:
        with guards[1].unit("inner") as inner:
            assert not set(methods()) & set(before)
            run_in_a_thread(engine)
        assert not set(methods()) & set(before)
        run_in_a_thread(engine)
    assert (outer.count, inner.count, methods()) == (2, 1, before)


def test_it_is_undone_when_the_block_raises(engine: Engine) -> None:
    before = methods()
    with pytest.raises(ZeroDivisionError), QueryGuard(engine, follow_threads=True).unit("fails"):
        raise ZeroDivisionError
    assert methods() == before


def test_what_others_patch_meanwhile_stays(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    guard = QueryGuard(engine, follow_threads=True)
    started: list[str] = []
    with guard.unit("first") as first:
        monkeypatch.setattr(Thread, "start", _noting(Thread.start, started))
        run_in_a_thread(engine)
    theirs = Thread.start
    run_in_a_thread(engine)
    with guard.unit("second") as second:
        run_in_a_thread(engine)
    assert Thread.start is theirs
    assert (first.count, second.count, len(started)) == (1, 1, 3)
    monkeypatch.undo()  # theirs is gone, and ours can go
    with guard.unit("third"):
        pass
    assert "with_units" not in f"{Thread.start.__code__.co_name} {ThreadPoolExecutor.submit.__code__.co_name}"


def test_it_follows_again_after_others_put_back_what_they_had_found(engine: Engine) -> None:
    before, guard = Thread.start, QueryGuard(engine, follow_threads=True)
    with guard.unit("first"):
        Thread.start = before  # type: ignore[method-assign]
    assert "with_units" not in ThreadPoolExecutor.submit.__code__.co_name
    with guard.unit("second") as second, ThreadPoolExecutor(1) as pool:
        run_in_a_thread(engine)
        pool.submit(run_in_a_thread, engine).result()
    assert (second.count, Thread.start) == (2, before)


def test_what_stays_below_others_does_nothing_for_a_guard_that_does_not_follow(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    guard = QueryGuard(engine, follow_threads=True)
    with guard.unit("follows"):
        monkeypatch.setattr(Thread, "start", _noting(Thread.start, []))
    with QueryGuard(engine).unit("does not") as unit:
        run_in_a_thread(engine)
    assert unit.count == 0
    monkeypatch.undo()
    with guard.unit("takes ours away"):
        pass


def _noting(start: Callable[[Thread], None], started: list[str]) -> Callable[[Thread], None]:
    def start_noted(thread: Thread) -> None:
        started.append(thread.name)
        start(thread)

    return start_noted


def test_a_pool_gives_and_raises_what_it_would(engine: Engine) -> None:
    def divide(number: int, *, by: int) -> float:
        return number / by

    with QueryGuard(engine, follow_threads=True).unit("pool"), ThreadPoolExecutor(1) as pool:
        good: Future[Any] = pool.submit(divide, 6, by=3)
        bad: Future[Any] = pool.submit(divide, 6, by=0)
        assert good.result() == 2
        with pytest.raises(ZeroDivisionError):
            bad.result()


def test_threads_are_seen_until_the_unit_ends_and_others_not(engine: Engine) -> None:
    def run() -> None:
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))

    def wait_and_run() -> None:
        go.wait()
        run()

    async def run_in_workers() -> None:
        await asyncio.to_thread(run)
        await asyncio.get_running_loop().run_in_executor(None, run)

    guard = QueryGuard(engine, mode="raise", rules=GuardRules(repeats=10), follow_threads=True)
    go, pool = Event(), ThreadPoolExecutor(1)
    late, stranger = Thread(target=wait_and_run), Thread(target=wait_and_run)
    stranger.start()
    with guard.unit("threads") as unit:
        asyncio.run(run_in_workers())
        plain = Thread(target=run)
        plain.start()
        plain.join()
        for _ in range(2):
            pool.submit(run).result()
        late.start()
        with guard.unit("stranger") as inner:
            go.set()
            stranger.join()
        assert inner.count == 0
        late.join()
    pool.submit(run).result()
    pool.shutdown()
    assert (unit.count, len(unit.statements)) == (6, 1)
