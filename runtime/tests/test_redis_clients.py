"""Redis over TLS with a password: cache, limits and shared breakers; refused, slow, and what is told of it."""

from __future__ import annotations

import asyncio
import time
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from redis import Redis
from redis import asyncio as redis_asyncio
from sqlalchemy import update
from sqlalchemy.util import greenlet_spawn

from pgwright_runtime._background import Runner, Tasks, Threads
from pgwright_runtime._redis_clients import redis_client
from pgwright_runtime.caching import Cache, RedisStore
from pgwright_runtime.caching.stores import StoreUnavailable
from pgwright_runtime.limits import Limiter, RedisCounts
from pgwright_runtime.resilience import Breaker, BreakerSettings
from pgwright_runtime.resilience.sharing import RedisSharing
from runtime.tests.support.cached_shop import Item, Shop, make_engine, make_tables, until_cached
from runtime.tests.support.limits_site import limit, scope
from tests.support.database import Database
from tests.support.redis_tls import PASSWORD, TlsRedis, run_tls_redis

LOGGERS = {"pgwright.caching", "pgwright.limits", "pgwright.resilience"}
SETTINGS = BreakerSettings(failures=1, pause_s=30, longest_pause_s=60)
# A busy machine is no lost server; a time limit of the tests is longer than that.
LIMIT_S, LONG_S = 0.5, 5.0
kinds = pytest.mark.parametrize("kind", [RedisStore, RedisCounts, RedisSharing])


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TlsRedis]:
    with run_tls_redis(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.mark.parametrize("driver", ["psycopg", "asyncpg"])
async def test_a_cache_stores_hits_and_invalidates(database: Database, redis: TlsRedis, driver: str) -> None:
    make_tables(database)
    shop = Shop(make_engine(database, driver), Cache(RedisStore(redis.url, time_limit_s=LIMIT_S)))
    await until_cached(shop.n, shop.computed, 1)
    await shop.unit(lambda session: session.execute(update(Item).where(Item.id == 1).values(n=7)))
    assert await shop.n(1) == 7
    await shop.close()


async def test_limits_are_counted_together(redis: TlsRedis) -> None:
    one, other = (Limiter(limit(3), store=RedisCounts(redis.url), time_limit_s=LONG_S) for _ in range(2))
    asked = [(await limiter.decide(scope())).is_allowed for limiter in (one, other, one, other)]
    assert asked == [True, True, True, False]
    await one.aclose()
    await other.aclose()


def test_breakers_are_shared(redis: TlsRedis) -> None:
    sharings = [RedisSharing(redis.url, poll_s=0.1) for _ in range(2)]
    one, other = (Breaker("mail", settings=SETTINGS, sharing=sharing) for sharing in sharings)
    with other:
        pass
    with pytest.raises(ConnectionError), one:
        raise ConnectionError
    until(lambda: other.state == "open")
    for sharing in sharings:
        sharing.close()


@pytest.fixture(params=["psycopg", "asyncpg"])
def shop_on(request: pytest.FixtureRequest, database: Database) -> Callable[[str], Shop]:
    make_tables(database)
    return lambda url: Shop(make_engine(database, request.param), Cache(RedisStore(url, time_limit_s=LIMIT_S)))


@pytest.mark.parametrize(
    ("wrong", "why"),
    [("authority", "CERTIFICATE_VERIFY_FAILED"), ("password", "invalid username-password pair"), ("scheme", "")],
)
async def test_without_trust_the_app_answers_and_says_why(
    redis: TlsRedis, shop_on: Callable[[str], Shop], caplog: pytest.LogCaptureFixture, wrong: str, why: str
) -> None:
    url = {
        "authority": redis.url_with(redis.other_authority),
        "password": redis.url_with(redis.certificate, f"{PASSWORD}-old"),
        "scheme": redis.url.replace("rediss://", "redis://").partition("?")[0],
    }[wrong]
    shop, sharing = shop_on(url), RedisSharing(url, poll_s=0.1)
    breaker = Breaker("mail", sharing=sharing)
    limiter = Limiter(limit(3), store=RedisCounts(url), when_lost="open", time_limit_s=LONG_S)
    await shop.n(1)  # reads the catalogs, and makes the lease's thread begin
    began = time.monotonic()
    assert await shop.n(1) == 1
    assert time.monotonic() - began < LONG_S
    assert (await limiter.decide(scope())).is_allowed
    with breaker:
        pass
    until(lambda: told(caplog).keys() == LOGGERS)
    for text in told(caplog).values():
        assert "does not answer, so " in text
        assert why in text
    told_nothing_secret(caplog, shop.cache, shop.cache.store, limiter, breaker, sharing)
    sharing.close()
    await limiter.aclose()
    await shop.close()


async def test_a_server_that_does_not_shake_hands_is_waited_for_shortly(
    redis: TlsRedis, shop_on: Callable[[str], Shop], caplog: pytest.LogCaptureFixture
) -> None:
    shop = shop_on(redis.url)
    limiter = Limiter(limit(3), store=RedisCounts(redis.url), when_lost="open", time_limit_s=LIMIT_S)
    with redis.held_up():
        await shop.n(1)
        began = time.monotonic()
        assert await shop.n(1) == 1
        assert (await limiter.decide(scope())).is_allowed
        assert time.monotonic() - began < LONG_S
        until(lambda: {"pgwright.caching", "pgwright.limits"} <= told(caplog).keys())
    await asyncio.sleep(0.01)  # the loop closes what was given up in its next turns
    told_nothing_secret(caplog)
    await limiter.aclose()
    await shop.close()


@kinds
@pytest.mark.parametrize("mark", ["/", "?", "#", "["])
def test_a_password_that_spoils_the_url_is_not_in_the_error(kind: Any, mark: str) -> None:
    url = f"rediss://:{PASSWORD}{mark}and-more@127.0.0.1:1/0"
    with pytest.raises(ValueError, match="percent") as caught:
        kind(url)
    assert PASSWORD not in "".join(traceback.format_exception(caught.value))
    assert caught.value.__context__ is None


@kinds
@pytest.mark.parametrize("wrong", ["ssl_ca_cert=x", "ssl_cert_reqs=perhaps", "db=one"])
def test_a_wrong_option_is_told_at_once(kind: Any, wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong.partition("=")[0].replace("ssl_cert_reqs", "Certificate")) as caught:
        kind(f"rediss://:{PASSWORD}@127.0.0.1:1/0?{wrong}")
    assert PASSWORD not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("is_warm", [True, False])
@pytest.mark.parametrize("waits", [Threads(), Tasks()], ids=["threads", "tasks"])
async def test_a_read_waits_once_for_its_time_limit(redis: TlsRedis, waits: Runner, is_warm: bool) -> None:
    store = RedisStore(redis.url, time_limit_s=1.0, lease_s=4.0)

    async def leave() -> None:
        await greenlet_spawn(store.leave, "key", waits)

    if is_warm:
        await leave()
    with redis.held_up():
        began = time.monotonic()
        with pytest.raises(StoreUnavailable, match=r"Timeout|no answer within 1 s"):
            await leave()
        # Twice would be 2 s.
        assert 0.9 < time.monotonic() - began < 1.9
    await asyncio.sleep(0.01)  # the loop closes what was given up in its next turns
    await store.aclose()
    store.close()


async def test_one_tls_context_serves_all_connections(redis: TlsRedis) -> None:
    client = redis_client(redis_asyncio.Redis, redis.url)
    await asyncio.gather(*(client.ping() for _ in range(3)))
    pool = client.connection_pool
    assert len({id(pool.make_connection().ssl_context) for _ in range(2)}) == 1
    await client.aclose()


def test_a_password_by_percent_is_understood(redis: TlsRedis) -> None:
    with Redis.from_url(redis.url) as client:
        client.execute_command("ACL", "SETUSER", "slash", "on", ">a/b?c#d", "~*", "+@all")
    url = redis.url.replace(f":{PASSWORD}@", "slash:a%2Fb%3Fc%23d@")
    store = RedisStore(url)
    assert store._renewing.ping()
    store.close()


def told(caplog: pytest.LogCaptureFixture) -> dict[str, str]:
    """Return the first line of each of our loggers."""
    found: dict[str, str] = {}
    for record in caplog.records:
        if record.name in LOGGERS:
            found.setdefault(record.name, record.getMessage())
    return found


def told_nothing_secret(caplog: pytest.LogCaptureFixture, *objects: object) -> None:
    assert PASSWORD not in caplog.text
    for thing in objects:
        assert PASSWORD not in f"{thing!r} {thing}"


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
