"""Rules: whom they count, what a request costs, and what clients are told."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from pgwright_runtime._asgi import Scope
from pgwright_runtime.limits import Limit, Limiter, LimitError, LimitExceeded, by_address
from runtime.tests.support.limits_site import everybody, limit, scope


async def test_each_key_has_its_own_count() -> None:
    limiter = Limiter(limit(1, by=by_address()))
    allowed = [(await limiter.decide(scope(client))).is_allowed for client in ("::1", "10.0.0.1", "::2", "10.0.0.2")]
    assert allowed == [True, True, False, True]


async def test_the_tightest_of_several_rules_answers() -> None:
    limiter = Limiter(limit(5, 60, "tenant"), limit(2, 3_600, "user"))
    for _ in range(2):
        decision = await limiter.check(scope())
    fields = dict(decision.fields)
    assert fields["ratelimit-policy"] == '"tenant";q=5;w=60, "user";q=2;w=3600'
    assert re.fullmatch(r'"tenant";r=3;t=6[01], "user";r=0;t=36\d\d', fields["ratelimit"])
    with pytest.raises(LimitExceeded, match="'user' is reached; try again in 36") as caught:
        await limiter.check(scope())
    assert caught.value.violated == ("user",)
    assert 3_600 <= caught.value.retry_after_s <= 3_618


async def test_of_two_rules_that_refuse_the_longer_wait_counts() -> None:
    limiter = Limiter(limit(1, 60, "minute"), limit(1, 3_600, "hour"))
    await limiter.check(scope())
    with pytest.raises(LimitError) as caught:
        await limiter.check(scope())
    assert caught.value.violated == ("hour", "minute")
    assert caught.value.problem["violated-policies"] == ["hour", "minute"]
    assert caught.value.retry_after_s >= 3_600


async def test_a_rule_without_a_key_does_not_apply() -> None:
    limiter = Limiter(limit(1, by=lambda scope: scope.get("user")))
    for _ in range(3):
        decision = await limiter.decide(scope())
        assert (decision.is_allowed, decision.fields) == (True, ())


async def test_keys_and_costs_may_be_awaited() -> None:
    async def user(scope: Scope) -> str:
        return "user"

    async def cost(scope: Scope) -> int:
        return len(scope["path"])

    limiter = Limiter(Limit(requests=10, seconds=60, by=user, cost=cost))
    assert limiter.rules[0].name == "10-per-60s"
    remaining = [(await limiter.decide(scope(path=path))).standings[0].remaining for path in ("/abc", "/", "/abcdef")]
    assert remaining == [6, 5, 5]


@given(st.text(max_size=5_000))
async def test_any_text_may_be_a_key_and_takes_little_room(key: str) -> None:
    rule = Limit(requests=1, seconds=1, by=lambda scope: scope["user"], name="user")
    charge, same, other = [await rule.charge({"user": user}) for user in (key, key, key + "!")]
    assert charge is not None
    assert other is not None
    assert charge == same
    assert charge.key != other.key
    assert len(charge.key) < 100
    assert charge.key.isascii()


async def test_a_negative_cost_is_the_apps_fault() -> None:
    with pytest.raises(ValueError, match="-1"):
        await Limiter(Limit(requests=1, seconds=1, by=everybody, cost=lambda scope: -1)).decide(scope())


async def test_what_each_rule_let_in_and_refused_is_counted() -> None:
    registry = CollectorRegistry()
    limiter = Limiter(limit(2, name="two"), limit(9, name="nine"), registry=registry)
    for _ in range(5):
        await limiter.decide(scope())
    counts = {
        (what, rule): registry.get_sample_value(f"pgwright_limits_{what}_total", {"rule": rule})
        for what in ("allowed", "limited")
        for rule in ("two", "nine")
    }
    assert counts == {("allowed", "two"): 2, ("limited", "two"): 3, ("allowed", "nine"): 2, ("limited", "nine"): 0}


@pytest.mark.parametrize(
    "wrong",
    [
        {"requests": 0},
        {"seconds": 0},
        {"name": 'a"b'},
        {"name": "ü"},
        {"name": "a\\"},
        {"name": "a b"},
        {"requests": 10**15},
    ],
)
def test_a_rule_out_of_range_is_refused(wrong: dict[str, int | str]) -> None:
    with pytest.raises(ValueError, match=r"at least 1|printable"):
        Limit(**{"requests": 1, "seconds": 1, "by": everybody, **wrong})  # type: ignore[arg-type]


def test_a_limiter_out_of_range_is_refused() -> None:
    with pytest.raises(ValueError, match="a name of its own"):
        Limiter()
    with pytest.raises(ValueError, match="a name of its own"):
        Limiter(limit(1), limit(2))
    with pytest.raises(ValueError, match="time_limit_s"):
        Limiter(limit(1), time_limit_s=0)
    with pytest.raises(ValueError, match="when_lost"):
        Limiter(limit(1), when_lost="never")  # type: ignore[arg-type]
