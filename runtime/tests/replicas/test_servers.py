"""What is known of servers, and which of them may answer a read; no server is needed for this."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import create_engine

from pgwright_runtime.replicas.callers import UNKNOWN
from pgwright_runtime.replicas.servers import History, Reason, WatchedServer, choose


def replica(lsn: int, *, lag_s: float = 0, is_healthy: bool = True) -> WatchedServer:
    engine = create_engine("postgresql+psycopg://nowhere/x")
    server = WatchedServer("a replica", engine, engine, is_primary=False, silence_s=3_600)
    server.see(lsn, lag_s)
    if not is_healthy:
        server.fail("gone")
    return server


@pytest.mark.parametrize(
    ("needed", "replicas", "reason"),
    [
        (UNKNOWN, [{"lsn": 10}], "unknown write"),
        (0, [], "unavailable"),
        (0, [{"lsn": 10, "is_healthy": False}], "unavailable"),
        (0, [{"lsn": 10, "lag_s": 6}, {"lsn": 10, "is_healthy": False}], "lagging"),
        (11, [{"lsn": 10}, {"lsn": 11, "lag_s": 6}], "not replayed"),
    ],
)
def test_why_no_replica_may_answer(needed: int, replicas: list[dict[str, Any]], reason: Reason) -> None:
    # Made here: one that was made when the tests were collected may be unseen for long by now.
    assert choose([replica(**each) for each in replicas], needed, max_lag_s=5, turn=0) == reason


def test_those_that_may_answer_take_turns() -> None:
    replicas = [replica(10), replica(20), replica(30), replica(30, is_healthy=False)]
    chosen = [choose(replicas, 15, max_lag_s=5, turn=turn) for turn in range(3)]
    assert chosen == [replicas[1], replicas[2], replicas[1]]


def test_a_server_that_was_not_seen_for_long_is_not_healthy() -> None:
    server = replica(10)
    server.seen_at -= server.silence_s
    assert choose([server], 0, max_lag_s=5, turn=0) == "unavailable"


def test_lag_is_the_age_of_what_was_replayed() -> None:
    history = History(keep_s=100)
    assert history.lag_s(0) == 0  # nothing is known of the primary
    for lsn, at in [(10, 0.0), (10, 50.0), (20, 51.0), (30, 52.0)]:
        history.add(lsn, at)
    assert [history.lag_s(lsn) for lsn in (9, 10, 19, 20, 30, 31)] == [float("inf"), 2, 2, 1, 0, 0]


def test_the_history_does_not_grow() -> None:
    history = History(keep_s=10)
    for second in range(1_000):
        history.add(second, float(second))
    assert [history.lag_s(lsn) for lsn in (988, 989, 998)] == [float("inf"), 10, 1]
