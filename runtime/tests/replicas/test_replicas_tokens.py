"""Tokens, and the choices that need no server."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import create_async_engine

from pgwright_runtime.replicas import Replicas
from pgwright_runtime.replicas.callers import UNKNOWN, Callers
from pgwright_runtime.replicas.servers import History, Reason, Server, choose
from pgwright_runtime.replicas.tokens import InvalidToken, Token, decode, encode

SECRET = b"0123456789abcdef"
numbers = st.integers(0, 2**64 - 1)


@given(numbers, numbers)
def test_a_token_comes_back(lsn: int, until: int) -> None:
    assert decode(encode(Token(lsn, until), SECRET), SECRET) == Token(lsn, until)


@given(st.integers(0, 97), st.characters(codec="latin-1"))
def test_a_token_with_another_character_is_none(place: int, character: str) -> None:
    token = encode(Token(7, 8), SECRET)
    changed = token[:place] + character + token[place + 1 :]
    if changed != token:
        with pytest.raises(InvalidToken):
            decode(changed, SECRET)


@given(st.text())
def test_other_text_is_no_token(text: str) -> None:
    with pytest.raises(InvalidToken):
        decode(text, SECRET)


def test_truncated_prolonged_or_signed_otherwise_it_is_none() -> None:
    token = encode(Token(7, 8), SECRET)
    for wrong in (token[:-1], token + "a", "", token.upper(), f" {token[1:]}", encode(Token(7, 8), SECRET[::-1])):
        with pytest.raises(InvalidToken):
            decode(wrong, SECRET)


def token_of(lsn: int, seconds: float) -> str:
    return encode(Token(lsn, int(time.time() + seconds)), SECRET)


@pytest.mark.parametrize(
    ("tokens", "needed"),
    [
        ((), 0),
        ((token_of(7, 1_000),), 7),
        ((token_of(7, 1_000), token_of(9, 1_000)), 9),
        ((token_of(7, -1),), 0),  # long enough ago for every replica in use
        (("forged",), UNKNOWN),
        ((token_of(7, 1_000), "forged"), UNKNOWN),
    ],
    ids=["none", "one", "two", "past its time", "forged", "one of them forged"],
)
def test_a_caller_needs_what_the_tokens_say(tokens: tuple[str, ...], needed: int) -> None:
    callers = Callers(SECRET, remember_s=60)
    with callers.enter(tokens):
        assert callers.needed() == needed
    assert callers.needed() == 0


def test_a_caller_keeps_the_furthest_write() -> None:
    callers = Callers(SECRET, remember_s=60)
    with callers.enter(()):
        first, second = callers.begin_commit(), callers.begin_commit()
        callers.end_commit(first, 9)
        assert callers.needed() == UNKNOWN  # the other may be done by now
        callers.end_commit(second, 7)
        assert callers.needed() == 9
        token = callers.token()
    with callers.enter([token or ""]):
        assert (callers.needed(), callers.token()) == (9, token)


def test_a_write_is_forgotten_in_time() -> None:
    callers = Callers(SECRET, remember_s=-2)
    with callers.enter(()):
        callers.end_commit(callers.begin_commit(), 9)
        assert (callers.needed(), callers.token()) == (0, None)


def replica(lsn: int, *, lag_s: float = 0, is_healthy: bool = True) -> Server:
    engine = create_async_engine("postgresql+asyncpg://nowhere/x")
    server = Server("a replica", engine.sync_engine, engine.sync_engine, is_primary=False, silence_s=3_600)
    server.see(lsn, lag_s)
    if not is_healthy:
        server.fail("gone")
    return server


@pytest.mark.parametrize(
    ("needed", "replicas", "reason"),
    [
        (UNKNOWN, [replica(10)], "unknown write"),
        (0, [], "unavailable"),
        (0, [replica(10, is_healthy=False)], "unavailable"),
        (0, [replica(10, lag_s=6), replica(10, is_healthy=False)], "lagging"),
        (11, [replica(10), replica(11, lag_s=6)], "not replayed"),
    ],
)
def test_why_no_replica_may_answer(needed: int, replicas: list[Server], reason: Reason) -> None:
    assert choose(replicas, needed, max_lag_s=5, turn=0) == reason


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


@pytest.mark.parametrize(
    "wrong",
    [
        {"secret": b"short"},
        {"wait_ms": -1},
        {"max_lag_s": 0},
        {"interval_ms": 0},
        {"hang_s": 0.5},
        {"max_lag_s": 51, "remember_s": 60},
    ],
    ids=str,
)
def test_parameters_out_of_range_are_refused(wrong: dict[str, object]) -> None:
    engine = create_async_engine("postgresql+asyncpg://nowhere/x")
    with pytest.raises(ValueError):
        Replicas(engine, [], **{"secret": SECRET, **wrong})  # type: ignore[arg-type]
