"""The generated data, the replay of the workload, and the operations that are proved."""

from __future__ import annotations

import pytest

from fleet import data, replay
from fleet.address import to_url
from fleet.operations import operations
from pgwright.proof.operations import Operation
from pgwright_runtime import count_statements, create_async_engine
from tests.support.database import Database
from tests.support.fleet_clients import SCALE, UNTIL

pytest_plugins = ["tests.support.fleet_databases"]


async def run(operation: Operation, database: Database, *, is_after: bool) -> tuple[object, int]:
    """Return what the operation answers, and its queries."""
    engine = create_async_engine(to_url(database.url(), "asyncpg"), pool_size=1)
    call = operation.after if is_after else operation.before
    try:
        with count_statements(engine) as statements:
            answer = await call(engine)  # type: ignore[arg-type, misc]
            assert await call(engine) is not None  # type: ignore[arg-type, misc]
    finally:
        await engine.dispose()
    return answer, statements.count // 2


@pytest.mark.parametrize("operation", operations(SCALE), ids=lambda operation: operation.name)
async def test_answers_the_same_in_few_queries(loaded: Database, fixed: Database, operation: Operation) -> None:
    old, _ = await run(operation, loaded, is_after=False)
    new, queries = await run(operation, fixed, is_after=True)
    assert new == old
    assert operation.is_async
    # The tenant, and two more.
    assert queries <= 3


async def test_adding_leaves_no_delivery(loaded: Database, fixed: Database) -> None:
    counted = "SELECT count(*) FROM deliveries"
    assert loaded.rows(counted) == fixed.rows(counted) == [(data.row_counts(SCALE)["deliveries"],)]


async def test_another_scale_is_told(loaded: Database) -> None:
    [operation] = [operation for operation in operations(1) if operation.name == "list_couriers"]
    with pytest.raises(LookupError, match="FLEET_SCALE"):
        await run(operation, loaded, is_after=False)


def test_the_replay_fills_the_statistics_and_adds_known_rows(before_copy: Database) -> None:
    before_copy.execute("SELECT pg_stat_statements_reset()")
    reported: list[tuple[str, int, int]] = []
    played = replay.replay(before_copy.url(), SCALE, 60, lambda *call: reported.append(call))
    assert played == len(reported) == reported[-1][1] == reported[-1][2]
    names = [name for name, _, _ in reported]
    assert set(names) == set(replay.MIX)
    added = data.row_counts(SCALE)["deliveries"] + names.count("add_delivery")
    assert before_copy.rows("SELECT count(*) FROM deliveries") == [(added,)]
    [(statements,)] = before_copy.rows(
        "SELECT count(*) FROM pg_stat_statements JOIN pg_database ON pg_database.oid = dbid "
        "WHERE datname = current_database() AND query LIKE 'SELECT%FROM%WHERE%'"
    )
    assert isinstance(statements, int)
    assert statements > 10


def test_the_data_is_the_same_at_each_run_and_skewed(database: Database, loaded: Database) -> None:
    sums = "SELECT count(*), sum(hashtextextended(deliveries::text, 0)) FROM deliveries"
    data.prepare(database.url(), SCALE, "0001", until=UNTIL)
    assert database.rows(sums) == loaded.rows(sums)
    [(largest, delivered, pending)] = loaded.rows(
        "SELECT avg((organization_id = 1)::int)::float8, avg((status = 'delivered')::int)::float8, "
        "avg((status = 'pending')::int)::float8 FROM deliveries"
    )
    assert isinstance(largest, float)
    assert isinstance(delivered, float)
    assert isinstance(pending, float)
    assert largest > 3 / data.MIN_ORGANIZATIONS
    assert (delivered > 0.9, 0 < pending < 0.01) == (True, True)


def test_no_row_refers_to_another_organization(loaded: Database) -> None:
    for child, column, parent in (
        ("couriers", "current_vehicle_id", "vehicles"),
        ("deliveries", "courier_id", "couriers"),
        ("cash_collections", "delivery_id", "deliveries"),
        ("salaries", "courier_id", "couriers"),
    ):
        query = f"SELECT count(*) > 0, bool_and(p.organization_id = c.organization_id) FROM {child} c JOIN {parent} p"
        assert loaded.rows(f"{query} ON p.id = c.{column}") == [(True, True)]


@pytest.mark.parametrize("module", [data, replay])
def test_the_commands_ask_for_a_database(
    module: object, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    with pytest.raises(SystemExit):
        module.main([])  # type: ignore[attr-defined]
    assert "Give --database-url" in capsys.readouterr().err


def test_the_commands_run(database: Database, capsys: pytest.CaptureFixture[str]) -> None:
    given = ["--database-url", database.url(), "--scale", "0.001"]
    assert data.main([*given, "--revision", "0001"]) == 0
    assert replay.main([*given, "--calls", "12"]) == 0
    assert "calls played" in capsys.readouterr().out
    assert database.rows("SELECT count(*) > 3000 FROM deliveries") == [(True,)]
    with pytest.raises(SystemExit):
        data.main(["--database-url", database.url(), "--scale", "0"])
