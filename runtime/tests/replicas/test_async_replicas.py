"""Reads on a real streaming replica: they show the caller's writes, whatever the replica has replayed."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import Connection, Executable, event, func, insert, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from pgwright.embedded import EmbeddedServer
from pgwright_runtime.replicas import AsyncReplicas, WriteOnReadSession
from pgwright_runtime.statements import count_statements
from runtime.tests.support.replica_servers import (
    SECRET,
    Engines,
    Note,
    Replica,
    engines,
    primary,
    replay_paused,
    replica,
)

__all__ = ["engines", "primary", "replica"]  # fixtures


async def add(replicas: AsyncReplicas, note: str) -> int:
    async with replicas.session() as session:
        session.add(added := Note(text=note))
        await session.commit()
        key: int = added.id
        return key


async def read(replicas: AsyncReplicas, key: int) -> tuple[str | None, bool]:
    """Return a note's text, and whether the primary told it."""
    async with replicas.read_session() as session:
        found = await session.get(Note, key)
        on_primary = not await session.scalar(select(func.pg_is_in_recovery()))
    return found.text if found else None, on_primary


async def test_own_writes_are_read_while_the_replica_stands_still(engines: Engines, replica: Replica) -> None:
    async with engines.replicas(wait_ms=20) as replicas:
        with replay_paused(replica):
            with replicas.caller():
                key = await add(replicas, "mine")
                assert await read(replicas, key) == ("mine", True)
            with replicas.caller():  # somebody else does not need it
                assert await read(replicas, key) == (None, False)
        metrics = replicas.metrics()
    assert (metrics.reads_on_primary["not replayed"], metrics.reads_on_replica, metrics.waits) == (2, 2, 1)


async def test_a_replica_that_catches_up_in_time_is_waited_for(engines: Engines, replica: Replica) -> None:
    async with engines.replicas() as replicas:
        with replicas.caller():
            with replay_paused(replica):
                key = await add(replicas, "mine")
                reading = asyncio.create_task(read(replicas, key))
                while not replicas.metrics().waits:
                    await asyncio.sleep(0.001)
            assert await reading == ("mine", False)


async def test_one_far_behind_answers_nobody(engines: Engines, replica: Replica) -> None:
    async with engines.replicas(max_lag_s=0.3, interval_ms=20) as replicas:
        with replay_paused(replica):
            key = await add(replicas, "late")
            while replicas.metrics().replicas[0].lag_s <= 0.3:
                await asyncio.sleep(0.02)
                await add(replicas, "still late")
            with replicas.caller():
                assert await read(replicas, key) == ("late", True)
        assert replicas.metrics().reads_on_primary["lagging"] == 2
        while replicas.metrics().replicas[0].lag_s:
            await asyncio.sleep(0.01)
        with replicas.caller():
            assert await read(replicas, key) == ("late", False)


async def test_an_idle_primary_leaves_no_lag(engines: Engines) -> None:
    async with engines.replicas(interval_ms=10) as replicas:
        await asyncio.sleep(0.3)
        assert replicas.metrics().replicas[0].lag_s == 0


async def test_concurrent_callers_do_not_wait_for_each_other(engines: Engines, replica: Replica) -> None:
    async with engines.replicas(wait_ms=0) as replicas:

        async def writer() -> tuple[str | None, bool]:
            with replicas.caller():
                key = await add(replicas, "mine")
                written.set()
                return await read(replicas, key)

        async def reader() -> tuple[str | None, bool]:
            with replicas.caller():
                await written.wait()
                return await read(replicas, 1)

        written = asyncio.Event()
        with replay_paused(replica):
            answers = tuple(await asyncio.gather(writer(), reader(), reader()))
        assert answers == (("mine", True), ("the first", False), ("the first", False))


async def test_without_a_middleware_the_task_is_the_caller(engines: Engines, replica: Replica) -> None:
    async with engines.replicas(wait_ms=0) as replicas:
        with replay_paused(replica):
            key = await add(replicas, "mine")
            assert await read(replicas, key) == ("mine", True)


async def test_a_write_during_an_open_read_transaction_is_shown(engines: Engines, replica: Replica) -> None:
    async with engines.replicas(wait_ms=0) as replicas:
        with replay_paused(replica), replicas.caller():
            async with replicas.read_session() as session:
                first = await session.get_one(Note, 1)
                key = await add(replicas, "mine")
                assert (await session.get_one(Note, key)).text == "mine"
                assert first.text == "the first"  # not expired by the move
                await session.commit()


@pytest.mark.parametrize("synchronous_commit", ["on", "off"])
async def test_each_kind_of_write_is_remembered(engines: Engines, synchronous_commit: str) -> None:
    statements: list[Executable] = [
        insert(Note).values(text="core"),
        text("INSERT INTO notes (text) VALUES ('text')"),
        select(func.add_note("by a function")),
        text("WITH added AS (INSERT INTO notes (text) VALUES ('cte') RETURNING id) SELECT id FROM added"),
        text("DO $$ BEGIN PERFORM add_note('block'); END $$"),
    ]
    async with engines.replicas() as replicas:
        for statement in statements:
            with replicas.caller():
                async with replicas.session() as session:
                    await session.execute(text(f"SET LOCAL synchronous_commit = {synchronous_commit}"))
                    async with session.begin_nested():
                        await session.execute(statement)
                    assert replicas.token() is None
                    await session.commit()
                assert replicas.token() is not None, statement
                async with replicas.read_session() as session:
                    seen = await session.scalar(select(func.count()).select_from(Note))
                async with replicas.session() as session:
                    assert seen == await session.scalar(select(func.count()).select_from(Note))


async def test_reads_and_what_was_rolled_back_are_not_remembered(engines: Engines) -> None:
    async with engines.replicas() as replicas:
        with replicas.caller():
            async with replicas.session() as session:
                await session.get_one(Note, 1)
                await session.commit()
            async with replicas.session() as session:
                session.add(Note(text="never"))
                await session.flush()
            async with replicas.session() as session:
                session.add(Note(id=1, text="twice"))
                with pytest.raises((IntegrityError, DBAPIError)):
                    await session.commit()
            assert replicas.token() is None


def sent_to(engine: AsyncEngine) -> list[str]:
    """Return the statements that go to a server from now on, pgwright's own among them."""
    texts: list[str] = []

    @event.listens_for(engine.sync_engine, "before_cursor_execute")
    def note(connection: Connection, cursor: object, text: str, *others: object) -> None:
        texts.append(text)

    return texts


async def test_a_write_takes_one_more_statement_and_a_read_none(engines: Engines) -> None:
    async with engines.replicas() as replicas:
        with replicas.caller():
            texts = sent_to(engines.primary)
            with count_statements(engines.primary) as statements:
                await add(replicas, "counted")
            assert [query.split()[0] for query in statements.texts] == ["INSERT"]
            positions = [query for query in texts if "pg_current_wal_insert_lsn" in query]  # the watcher asks, too
            assert len(positions) == 1
            with count_statements(engines.primary) as on_primary, count_statements(engines.replica) as on_replica:
                async with replicas.read_session() as session:
                    await session.get_one(Note, 1)
            assert (on_primary.count, [query for query in on_replica.texts if "notes" not in query]) == (0, [])


async def test_a_commit_without_an_answer_sends_reads_to_the_primary(engines: Engines, primary: EmbeddedServer) -> None:
    async with engines.replicas() as replicas:
        with replicas.caller():
            async with replicas.session() as session:
                session.add(Note(text="cut off"))
                await session.flush()
                pid = await session.scalar(select(func.pg_backend_pid()))
                with primary.admin() as admin:
                    admin.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
                with pytest.raises(DBAPIError):
                    await session.commit()
            assert await read(replicas, 1) == ("the first", True)
        assert replicas.metrics().reads_on_primary["unknown write"] == 2


async def add_one(session: AsyncSession) -> None:
    session.add(Note(text="no"))
    await session.flush()


async def change_one(session: AsyncSession) -> None:
    (await session.get_one(Note, 1)).text = "changed"
    await session.scalar(select(func.count()).select_from(Note))


async def delete_one(session: AsyncSession) -> None:
    await session.delete(await session.get_one(Note, 1))
    await session.commit()


async def insert_one(session: AsyncSession) -> None:
    await session.execute(insert(Note).values(text="no"))


@pytest.mark.parametrize("write", [add_one, change_one, delete_one, insert_one])
async def test_a_write_on_a_read_session_is_not_even_sent(engines: Engines, write: Any) -> None:
    async with engines.replicas() as replicas, replicas.read_session() as session:
        with (
            count_statements(engines.replica) as statements,
            pytest.raises(WriteOnReadSession, match="a read session cannot"),
        ):
            await write(session)
    assert not [query for query in statements.texts if query.split()[0] in ("INSERT", "UPDATE", "DELETE")]


@pytest.mark.parametrize("has_replica", [True, False])
async def test_what_only_the_server_sees_is_refused_there(engines: Engines, has_replica: bool) -> None:
    replicas = AsyncReplicas(engines.primary, [engines.replica] if has_replica else [], secret=SECRET)
    async with replicas:
        for query in ("SELECT add_note('no')", "INSERT INTO notes (text) VALUES ('no')"):
            async with replicas.read_session() as session:
                with pytest.raises(DBAPIError, match="read-only transaction"):
                    await session.execute(text(query))


async def test_the_engines_stay_as_they_were(engines: Engines) -> None:
    async with AsyncReplicas(engines.primary, [], secret=SECRET) as alone, engines.replicas() as replicas:
        for each in (alone, replicas):
            async with each.read_session() as session:
                assert await session.scalar(text("SHOW transaction_read_only")) == "on"
    for engine, read_only in ((engines.primary, "off"), (engines.replica, "on")):
        async with engine.connect() as connection:
            assert await connection.scalar(text("SHOW transaction_read_only")) == read_only


async def test_an_unchanged_attribute_is_no_write(engines: Engines) -> None:
    async with engines.replicas() as replicas, replicas.read_session() as session:
        note = await session.get_one(Note, 1)
        note.text = str(note.text)
        await session.commit()
        assert note.text == "the first"
