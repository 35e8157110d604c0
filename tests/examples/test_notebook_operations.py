"""The operations: the same answer before and after, in one or two queries; and the replay of the workload."""

from __future__ import annotations

import pytest

from notebook import data
from notebook.address import to_url
from notebook.operations import OPERATIONS, operations
from notebook.replay import MIX, replay
from pgwright.proof.operations import Operation
from pgwright_runtime import count_statements, create_async_engine
from tests.support.database import Database

pytest_plugins = ["tests.support.notebook_databases"]

SCALE = 0.02


async def run(operation: Operation, database: Database, *, is_after: bool) -> tuple[object, int]:
    """Return what the operation answers, and its queries."""
    engine = create_async_engine(to_url(database.dsn, "asyncpg"), pool_size=1)
    call = operation.after if is_after else operation.before
    try:
        with count_statements(engine) as statements:
            answer = await call(engine)  # type: ignore[arg-type, misc]
    finally:
        await engine.dispose()
    return answer, statements.count


@pytest.mark.parametrize("operation", operations(SCALE), ids=lambda operation: operation.name)
async def test_answers_the_same_in_two_queries_at_most(loaded: Database, fixed: Database, operation: Operation) -> None:
    old_answer, _ = await run(operation, loaded, is_after=False)
    new_answer, new_queries = await run(operation, fixed, is_after=True)
    assert operation.is_async
    assert new_answer == old_answer
    assert new_queries in (1, 2)


@pytest.mark.parametrize("name", ["list_notebooks", "list_conversations", "get_notebook", "job_polling"])
async def test_asked_once_a_row_before(loaded: Database, name: str) -> None:
    [operation] = [operation for operation in operations(SCALE) if operation.name == name]
    _, queries = await run(operation, loaded, is_after=False)
    assert queries > 5


async def test_posting_leaves_no_message(loaded: Database) -> None:
    [operation] = [operation for operation in operations(SCALE) if operation.name == "post_message"]
    await run(operation, loaded, is_after=False)
    assert loaded.rows("SELECT count(*) FROM messages") == [(data.row_counts(SCALE)["messages"],)]


async def test_another_scale_is_told(loaded: Database) -> None:
    [operation] = [operation for operation in operations(1) if operation.name == "list_notebooks"]
    with pytest.raises(LookupError, match="NOTEBOOK_SCALE"):
        await run(operation, loaded, is_after=False)


def test_the_names_are_those_of_the_claims() -> None:
    named = {operation.name for operation in OPERATIONS}
    assert {"list_notebooks", "list_conversations", "list_messages", "get_notebook", "job_polling"} <= named


def test_the_replay_fills_the_statistics_and_adds_known_rows(before: Database) -> None:
    before.execute("SELECT pg_stat_statements_reset()")
    reported: list[tuple[str, int, int]] = []
    played = replay(before.dsn, 60, lambda *call: reported.append(call), scale=SCALE)
    assert played == len(reported) == reported[-1][1] == reported[-1][2]
    counts = data.row_counts(SCALE)
    names = [name for name, _, _ in reported]
    assert set(names) == set(MIX)
    for table, call in (("messages", "post_message"), ("jobs", "work_off_job")):
        assert before.rows(f"SELECT count(*) FROM {table}") == [(counts[table] + names.count(call),)]
    assert before.rows("SELECT count(*) FROM jobs WHERE status = 'pending'") == [(36,)]
    [(statements,)] = before.rows(
        "SELECT count(*) FROM pg_stat_statements JOIN pg_database ON pg_database.oid = dbid "
        "WHERE datname = current_database() AND query LIKE 'SELECT%FROM%WHERE%'"
    )
    assert isinstance(statements, int)
    assert statements > 20
