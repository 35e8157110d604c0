"""The chat's alerts: by promtool, and in a real Prometheus that looks at an app whose Valkey is killed."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from prometheus_client import CollectorRegistry, make_asgi_app
from sqlalchemy import text
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

from pgwright_runtime import create_async_engine
from pgwright_runtime.caching import Cache, RedisStore
from pgwright_runtime.limits import Limit, Limiter, LimitMiddleware, RedisCounts
from pgwright_runtime.metrics import METRICS
from pgwright_runtime.pools import PoolMetrics, StatementMetrics
from pgwright_runtime.resilience import Breaker
from pgwright_runtime.resilience.sharing import RedisSharing
from tests.support.database import Database
from tests.support.loopback import serve
from tests.support.programs import find_program, with_libraries
from tests.support.prometheus import run_prometheus
from tests.support.valkey import Broker, run_broker

MONITORING = Path(__file__).parents[2] / "examples" / "chat" / "monitoring"
RULES = MONITORING / "alerts.yml"
PARTS = {"cache", "limits", "breakers"}
UP = "count({__name__=~'pgwright_(cache_store|limits_store|breaker_sharing)_up'} == 1)"


def rules() -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


@pytest.mark.parametrize(
    "check", [["check", "rules", "--lint-fatal", "alerts.yml"], ["test", "rules", "alerts_test.yml"]]
)
def test_promtool_finds_nothing_wrong(check: list[str]) -> None:
    command = [find_program("promtool", "prometheus"), *check]
    done = subprocess.run(
        command, cwd=MONITORING, env=with_libraries(), capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_name_in_an_expression_is_a_metric_or_recorded() -> None:
    parts = {"histogram": ("_bucket", "_count", "_sum")}
    published = {metric.name + part for metric in METRICS for part in parts.get(metric.kind, ("",))}
    recorded = {rule["record"] for rule in rules() if "record" in rule}
    named = {name for rule in rules() for name in re.findall(r"[\w:]*pgwright_\w+(?::\w+)?", rule["expr"])}
    assert named
    assert named <= published | recorded


def test_an_alert_says_what_happened_where_to_look_and_what_to_do() -> None:
    alerts = [rule for rule in rules() if "alert" in rule]
    assert {rule["alert"] for rule in alerts} == {
        "SlowStatements",
        "PoolAlmostUsedUp",
        "RedisUnavailable",
        "ManyRequestsLimited",
    }
    for rule in alerts:
        assert set(rule["annotations"]) == {"summary", "look", "action"}
        assert rule["labels"]["severity"] in ("warning", "critical")
        assert rule["for"]


@pytest.fixture
def broker() -> Iterator[Broker]:
    with run_broker() as broker:
        yield broker


@contextmanager
def running_app(database: Database, broker: Broker) -> Iterator[str]:
    """Run an app with what the chat has: a pool, a cache, limits and a shared breaker."""
    registry = CollectorRegistry()
    engine = create_async_engine(database.url("asyncpg"), pool_size=2, max_overflow=0)
    PoolMetrics(engine, name="chat", registry=registry)
    StatementMetrics(engine, name="chat", registry=registry)
    sharing = RedisSharing(broker.url, namespace="chat")
    breaker = Breaker("database", sharing=sharing, registry=registry)
    cache = Cache(RedisStore(broker.url, namespace="chat"), registry=registry)
    cache.watch(engine)
    limits = Limit(name="all", requests=10_000, seconds=60, by=lambda scope: "all" if scope["path"] == "/ask" else None)
    counts = RedisCounts(broker.url, namespace="chat")
    limiter = Limiter(limits, store=counts, time_limit_s=0.5, registry=registry)  # a busy machine is no lost server

    @cache.cached()
    async def answer(question: str) -> str:
        with breaker:
            async with engine.connect() as connection:
                return str(await connection.scalar(text("SELECT 'answer'")))

    async def ask(request: Request) -> PlainTextResponse:
        return PlainTextResponse(await answer(request.url.query))

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        sharing.close()
        await cache.aclose()
        await limiter.aclose()
        await engine.dispose()

    app = Starlette(routes=[Route("/ask", ask), Mount("/metrics", make_asgi_app(registry))], lifespan=lifespan)
    app.add_middleware(LimitMiddleware, limiter=limiter)
    with serve(app, lifespan="on") as url:
        yield url


def quick_rules(path: Path) -> Path:
    """Write the rules as they are, but for alerts that wait for a second."""
    content = yaml.safe_load(RULES.read_text())
    for group in content["groups"]:
        for rule in group["rules"]:
            if "alert" in rule:
                rule["for"] = "1s"
    path.write_text(yaml.safe_dump(content))
    return path


def test_a_killed_valkey_is_an_alert_until_it_is_back(database: Database, broker: Broker, tmp_path: Path) -> None:
    quick = quick_rules(tmp_path / "rules.yml")
    with (
        running_app(database, broker) as app,
        run_prometheus(tmp_path / "prometheus", app, quick) as prometheus,
        httpx.Client(base_url=app, trust_env=False) as client,
    ):

        def ask() -> None:
            assert client.get("/ask?what").text == "answer"

        def is_quiet() -> bool:
            ask()
            return prometheus.value(UP) == len(PARTS) and prometheus.alerts() == []

        def are_firing() -> bool:
            ask()
            return {alert["labels"]["part"] for alert in prometheus.alerts() if alert["state"] == "firing"} == PARTS

        until(is_quiet)
        broker.kill()
        until(are_firing)
        for alert in prometheus.alerts():
            assert alert["labels"]["alertname"] == "RedisUnavailable"
            # A template that fails leaves its error in the text.
            assert not re.search("error|no value|{{", alert["annotations"]["summary"])
        broker.start()
        until(is_quiet)


def test_what_the_other_alerts_read_is_recorded(database: Database, broker: Broker, tmp_path: Path) -> None:
    with running_app(database, broker) as app, run_prometheus(tmp_path / "prometheus", app, RULES) as prometheus:
        until(lambda: prometheus.value("job_instance_pool:pgwright_pool_used:ratio") == 0)
        until(lambda: prometheus.value("job_rule:pgwright_limits_requests:increase5m") == 0)
        assert prometheus.value("job_pool:pgwright_statement_seconds:p95_5m") is None

        def is_recorded() -> bool:
            httpx.get(f"{app}/ask?{time.monotonic_ns()}", trust_env=False).raise_for_status()
            has_requests = (prometheus.value("job_rule:pgwright_limits_requests:increase5m") or 0) > 0
            return has_requests and (prometheus.value("job_pool:pgwright_statement_seconds:p95_5m") or 0) > 0

        until(is_recorded)


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
