"""The chat app's data, replay and retention, the operations that are proved, and what `fix` writes for it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from chat import data, ingest, nightly, replay, schema
from chat.address import to_url
from chat.after.assistant import search
from chat.before.queries import search as exact_search
from chat.operations import operations
from pgwright import pipeline
from pgwright.proof.operations import Operation
from pgwright_runtime import count_statements, create_async_engine
from tests.support.chat_clients import SCALE, UNTIL, CountedEmbeddings
from tests.support.database import Database

pytest_plugins = ["tests.support.chat_databases"]

COMMITTED = Path("examples/chat/migrations/versions/0002_index_what_the_app_asks_for.py")
INDEX = re.compile(r"ON public\.(\w+) (?:USING hash )?\((\w+)")
QUERIES = {"find_visitor": 1, "list_conversations": 1, "show_history": 2, "store_answer": 4}


async def run(operation: Operation, database: Database, *, is_after: bool) -> tuple[object, int]:
    """Return what the operation answers, and its queries."""
    engine = create_async_engine(to_url(database.url(), "asyncpg"), pool_size=1)
    call: Any = operation.after if is_after else operation.before
    try:
        with count_statements(engine) as statements:
            answer = await call(engine)
            assert await call(engine)
    finally:
        await engine.dispose()
    return answer, statements.count // 2


@pytest.mark.parametrize("operation", operations(SCALE), ids=lambda operation: operation.name)
async def test_answers_the_same_in_few_queries(loaded: Database, fixed: Database, operation: Operation) -> None:
    old, old_queries = await run(operation, loaded, is_after=False)
    new, queries = await run(operation, fixed, is_after=True)
    assert new == old
    assert queries == QUERIES[operation.name] <= old_queries


async def test_another_scale_is_told(loaded: Database) -> None:
    [operation] = [operation for operation in operations(1) if operation.name == "find_visitor"]
    with pytest.raises(LookupError, match="CHAT_SCALE"):
        await run(operation, loaded, is_after=False)


async def test_the_index_finds_what_an_exact_search_does(fixed: Database) -> None:
    embeddings, engine = CountedEmbeddings(), create_async_engine(to_url(fixed.url(), "asyncpg"), pool_size=1)
    found, nearest = set(), set()
    async with AsyncSession(engine) as session:
        for term in ("VACUUM", "a deadlock", "row-level security", "an index", "the planner", "work_mem"):
            vector = await embeddings.embed(f"What is {term}?")
            found |= {(term, one.passage_id) for one in await search(session, vector)}
            nearest |= {(term, one.passage_id) for one in await exact_search(session, vector)}
    await engine.dispose()
    assert len(found & nearest) / len(nearest) > 0.95


def test_fix_writes_the_indexes_that_were_committed(before_copy: Database) -> None:
    before_copy.execute("SELECT pg_stat_statements_reset()")
    replay.replay(before_copy.url(), SCALE)
    snapshot = pipeline.take_snapshot(before_copy.dsn)
    plan = pipeline.fix(snapshot, pipeline.check(snapshot).findings)
    steps = " ".join(step.sql for remedy in plan.remedies for step in remedy.upgrade)
    now, then = set(INDEX.findall(" ".join(steps.split()))), set(INDEX.findall(" ".join(COMMITTED.read_text().split())))
    # On tables this small nothing is gained on the smallest of them.
    assert {("messages", "conversation_id"), ("citations", "message_id")} <= now <= then


def test_the_replay_adds_known_rows(before_copy: Database) -> None:
    reported: list[tuple[str, int, int]] = []
    played = replay.replay(before_copy.url(), SCALE, 60, lambda *call: reported.append(call))
    assert played == len(reported) == reported[-1][1] == reported[-1][2]
    names = [name for name, _, _ in reported]
    assert set(names) == set(replay.MIX)
    added = data.row_counts(SCALE)["messages"] + 2 * names.count("ask")
    assert before_copy.rows("SELECT count(*) FROM messages") == [(added,)]


def test_the_data_is_the_same_at_each_run_and_half_of_it_has_expired(database: Database, loaded: Database) -> None:
    sums = "SELECT count(*), sum(hashtextextended(messages::text, 0)) FROM messages"
    data.prepare(database.url(), SCALE, "0001", until=UNTIL)
    assert database.rows(sums) == loaded.rows(sums)
    expired = f"SELECT round(avg((expires_at <= '{UNTIL}')::int), 1)::float8 FROM messages"
    assert loaded.rows(expired) == [(0.5,)]


async def test_what_has_expired_goes_at_night_and_nothing_else(after_copy: Database) -> None:
    ages = "unnest(array['31 days', '1 day']::interval[]) AS age"
    after_copy.execute(
        "INSERT INTO query_log (asked_at, question, model, seconds, passage_ids, distances) "
        f"SELECT now() - age, 'old?', 'm', 0, '{{}}', '{{}}' FROM {ages}"
    )
    tables = ("user_sessions", "conversations", "messages")
    expired = [f"SELECT count(*) FROM {table} WHERE expires_at <= now()" for table in tables]
    # A message goes with its conversation, too.
    living = "SELECT count(*) FROM user_sessions WHERE expires_at > now()"
    kept = after_copy.rows(living)
    assert all(after_copy.rows(query) != [(0,)] for query in expired)
    engine = create_async_engine(to_url(after_copy.url(), "asyncpg"), pool_size=2)
    await nightly.retain(engine)
    await engine.dispose()
    assert [after_copy.rows(query) for query in expired] == [[(0,)]] * 3
    assert after_copy.rows(living) == kept
    assert after_copy.rows("SELECT count(*) FROM query_log") == [(1,)]
    # Nobody but the runtime can write its statements in another form.
    assert not any("pgwright" in one.text for one in pipeline.take_snapshot(after_copy.dsn).statements)
    [job] = nightly.nightly(engine).get_jobs()
    assert str(job.trigger) == "cron[hour='2']"


@pytest.mark.parametrize("module", [data, replay, nightly])
def test_the_commands_ask_for_a_database(
    module: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    with pytest.raises(SystemExit):
        module.main([])
    assert "Give --database-url" in capsys.readouterr().err


def test_the_commands_run(database: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = ["--database-url", database.url()]
    assert data.main([*given, "--scale", "0.001", "--revision", "0001"]) == 0
    assert replay.main([*given, "--scale", "0.001", "--calls", "12"]) == 0
    assert "calls played" in capsys.readouterr().out
    (tmp_path / "page.md").write_text("# Leave\n\nLeave is 30 days.\n")
    assert ingest.main([*given, str(tmp_path), "--base-url", "https://docs.example/"]) == 0
    assert "1 documents stored, 0 unchanged, 0 deleted" in capsys.readouterr().out
    assert database.rows("SELECT url, title FROM documents") == [("https://docs.example/page.md", "Leave")]
    schema.upgrade(database.url())
    assert nightly.main([*given, "--now"]) == 0
    for wrong in ([*given, str(tmp_path / "none")], [str(tmp_path / "page.md"), *given]):
        with pytest.raises(SystemExit):
            ingest.main(wrong)
