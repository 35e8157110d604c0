"""The budget's arithmetic, that it agrees with the check `pool-over-budget`, and the figures of the docs page."""

from __future__ import annotations

import doctest
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from pgwright.embedded import EmbeddedServer
from pgwright.model.policy import ClientPool, Policy
from pgwright_runtime import create_async_engine
from pgwright_runtime.engine import create_engine
from pgwright_runtime.pools import (
    PoolBudget,
    PoolBudgetWarning,
    PoolOverBudget,
    read_server_limits,
    read_server_limits_sync,
)
from tests.support.builders import make_setting, make_snapshot, run
from tests.support.database import Database

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "pools.md"
counts = st.integers(min_value=1, max_value=60)


@given(
    st.builds(
        PoolBudget,
        max_connections=st.integers(1, 2_000),
        superuser_reserved_connections=st.integers(0, 20),
        reserved_connections=st.integers(0, 20),
        processes=counts,
        machines=counts,
        other=st.none() | st.integers(0, 50),
        pooler=st.sampled_from(["none", "session", "transaction"]),
        default_pool_size=st.integers(1, 200),
        max_client_conn=st.integers(1, 5_000),
    )
)
def test_the_computed_pools_fill_the_limit_and_never_exceed_it(budget: PoolBudget) -> None:
    total = budget.processes * budget.machines
    connections = budget.connections()
    assert connections == (budget.pool_size + budget.max_overflow) * total
    assert budget.pool_size >= 1
    assert budget.pool_size - budget.max_overflow in (0, 1)
    if total <= budget.limit:
        assert budget.limit - total < connections <= budget.limit
    else:
        with pytest.raises(PoolOverBudget):
            budget.check()


@hypothesis_settings(deadline=None)
@given(st.integers(1, 400), st.integers(0, 10), st.integers(0, 5), st.integers(1, 30), st.integers(0, 30), counts)
def test_the_check_of_the_tool_says_the_same(
    most: int, for_superusers: int, reserved: int, size: int, overflow: int, processes: int
) -> None:
    budget = PoolBudget(most, for_superusers, reserved, processes=processes)
    settings = {
        "max_connections": most,
        "superuser_reserved_connections": for_superusers,
        "reserved_connections": reserved,
    }
    policy = Policy(pools=(ClientPool("api", size, overflow, processes),))
    findings = run(
        "pool-over-budget", make_snapshot(*(make_setting(k, str(v)) for k, v in settings.items()), policy=policy)
    )
    if findings:
        with pytest.raises(PoolOverBudget):
            budget.check(size, overflow)
    else:
        budget.check(size, overflow)


def test_the_arithmetic_is_readable() -> None:
    budget = PoolBudget(100, processes=4, machines=2, other=7)
    assert budget.explain().splitlines() == [
        "server: 100 max_connections - 3 reserved = 97",
        "other: 7 kept for migrations, cron jobs and people (stated), 90 left",
        "processes: 4 x 2 machines = 8",
        "each: 90 / 8 = 11, so at most 11 connections",
        "pools: (6 pool_size + 5 max_overflow) x 8 = 88, of 90",
    ]


def test_behind_a_pooler_its_limits_count_and_its_own_connections_are_checked() -> None:
    facts: dict[str, Any] = {"max_connections": 100, "processes": 10, "default_pool_size": 40, "max_client_conn": 1_000}
    assert PoolBudget(**facts, pooler="transaction").limit == 1_000
    assert PoolBudget(**facts, pooler="session").limit == 40
    with pytest.raises(PoolOverBudget, match="the pooler may open 95, and the server has 87 for it"):
        PoolBudget(**{**facts, "default_pool_size": 95}, pooler="transaction").check()
    assert "clients: 1000, max_client_conn" in PoolBudget(**facts, pooler="transaction").explain()


@pytest.mark.parametrize(("size", "overflow"), [(0, 5), (5, -1)])
def test_a_pool_without_limit_is_over_every_budget(size: int, overflow: int) -> None:
    with pytest.raises(PoolOverBudget, match="any number of connections"):
        PoolBudget(1_000).check(size, overflow)


def test_a_warning_holds_the_arithmetic() -> None:
    with pytest.warns(PoolBudgetWarning, match=r"320 connections, and there are 87(.|\n)*\(50 pool_size") as caught:
        PoolBudget(100, processes=4).check(50, 30, on_excess="warn")
    assert caught[0].filename == __file__


@pytest.mark.parametrize(
    "facts",
    [
        {"max_connections": 0},
        {"max_connections": 9, "processes": 0},
        {"max_connections": 9, "machines": -1},
        {"max_connections": 9, "other": -1},
        {"max_connections": 9, "pooler": "statement"},
        {"max_connections": 9, "pooler": "session", "max_client_conn": 0},
    ],
)
def test_facts_that_cannot_be_are_refused(facts: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"must be|unknown pooler"):
        PoolBudget(**facts)


@pytest.mark.parametrize("driver", ["asyncpg", "psycopg"])
async def test_the_facts_are_read_from_the_server(server: EmbeddedServer, driver: str) -> None:
    engine = create_async_engine(server.url("postgres", driver))
    limits = await read_server_limits(engine)
    await engine.dispose()
    assert limits == {"max_connections": 60, "superuser_reserved_connections": 3, "reserved_connections": 0}
    assert PoolBudget(**limits, processes=5).limit == 51


def test_an_ordinary_role_can_read_them_in_a_read_only_transaction(database: Database) -> None:
    role = database.name
    database.execute(f"CREATE ROLE {role} LOGIN; ALTER ROLE {role} SET default_transaction_read_only = on")
    engine = create_engine(database.url("psycopg").replace("postgres@", f"{role}@"))
    assert read_server_limits_sync(engine)["max_connections"] == 60
    engine.dispose()
    database.execute(f"DROP ROLE {role}")


def test_the_figures_of_the_page_are_those_of_the_budget() -> None:
    text = re.sub(r"^```.*$", "", PAGE.read_text(), flags=re.MULTILINE)  # doctest would take the fence for output
    page = doctest.DocTestParser().get_doctest(text, {}, PAGE.name, str(PAGE), 0)
    outcome = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(page)
    assert outcome.attempted >= 10
    assert outcome.failed == 0
