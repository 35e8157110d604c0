"""Settings and secrets out of their range are refused before anything begins."""

from __future__ import annotations

import pytest
from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import create_async_engine

from pgwright_runtime.replicas import AsyncReplicas, Replicas, ReplicaSettings


@pytest.mark.parametrize(
    "wrong",
    [
        {"wait_ms": -1},
        {"max_lag_s": 0},
        {"interval_ms": 0},
        {"hang_s": 0.5},
        {"max_lag_s": 51, "remember_s": 60},
    ],
    ids=str,
)
def test_settings_out_of_range_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        ReplicaSettings(**wrong)


def test_settings_at_the_end_of_their_range_are_taken() -> None:
    settings = ReplicaSettings(wait_ms=0, hang_s=1, max_lag_s=50, remember_s=60)
    assert (settings.interval_ms, settings.remember_s) == (100, 60)


@pytest.mark.parametrize("secret", [b"fifteen letters", "fifteen letters", ["sixteen letters!", "short"]])
def test_a_short_secret_is_refused(secret: str | bytes | list[str]) -> None:
    with pytest.raises(ValueError, match="needs 16 at least"):
        AsyncReplicas(create_async_engine("postgresql+asyncpg://nowhere/x"), [], secret=secret)


def test_a_text_is_as_good_a_secret_as_bytes() -> None:
    engine = create_engine("postgresql+psycopg://nowhere/x")
    of_bytes, of_text = (Replicas(engine, [], secret=secret) for secret in (b"sixteen letters!", "sixteen letters!"))
    with of_bytes.caller("forged"):
        token = of_bytes.token()
    with of_text.caller(token):
        assert of_text.token() == token
