"""What clients get while something is not there, by the middleware and by FastAPI's handlers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from httpx import ASGITransport, AsyncClient
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from pgwright_runtime import create_async_engine
from pgwright_runtime.resilience import (
    Breaker,
    BreakerSettings,
    CircuitOpen,
    OutcomeUnknown,
    UnavailableMiddleware,
    Unreachable,
)
from pgwright_runtime.resilience.fastapi import answer_unavailable
from runtime.tests.support.mortal_server import MortalServer, run_mortal_server
from tests.support.database import Database


def with_middleware(app: FastAPI) -> None:
    app.add_middleware(UnavailableMiddleware)


Protect = Callable[[FastAPI], None]
WAYS = pytest.mark.parametrize("protect", [with_middleware, answer_unavailable])


def app_of(protect: Protect, work: Callable[[], Any]) -> FastAPI:
    app = FastAPI()
    protect(app)

    @app.get("/")
    async def get() -> Any:
        return await work()

    return app


def raising(error: Exception) -> Callable[[], Any]:
    async def work() -> None:
        raise error

    return work


def client(app: Any) -> AsyncClient:
    return AsyncClient(transport=ASGITransport(app), base_url="http://app")


@pytest.fixture(scope="module")
def mortal() -> Iterator[MortalServer]:
    with run_mortal_server() as server:
        yield server


@WAYS
@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        (CircuitOpen("database", 0.01), "1"),
        (CircuitOpen("database", 2.2), "3"),
        (Unreachable("database", OSError("secret.host")), "1"),
    ],
    ids=str,
)
async def test_what_is_not_there_is_answered_503(protect: Protect, error: Exception, seconds: str) -> None:
    async with client(app_of(protect, raising(error))) as own:
        answer = await own.get("/")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == seconds
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "type": "about:blank",
        "title": "Service Unavailable",
        "status": 503,
        "detail": f"Try again in {seconds} s.",
    }


@WAYS
async def test_an_unknown_outcome_does_not_ask_for_a_repetition(protect: Protect) -> None:
    async with client(app_of(protect, raising(OutcomeUnknown()))) as own:
        answer = await own.get("/")
    assert answer.status_code == 500
    assert "retry-after" not in answer.headers
    assert answer.json()["title"] == "Outcome Unknown"


@WAYS
@pytest.mark.parametrize(
    "error", [KeyError("x"), FileNotFoundError("x"), ConnectionResetError("another service"), TimeoutError()], ids=repr
)
async def test_other_errors_stay_the_apps(protect: Protect, error: Exception) -> None:
    async with client(app_of(protect, raising(error))) as own:
        with pytest.raises(type(error)):
            await own.get("/")


@WAYS
@pytest.mark.parametrize("driver", ["asyncpg", "psycopg"])
async def test_an_error_of_sql_stays_the_apps(protect: Protect, database: Database, driver: str) -> None:
    engine = create_async_engine(database.url(driver))

    async def work() -> None:
        async with engine.connect() as connection:
            await connection.execute(text("SELECT 1 / 0"))

    async with client(app_of(protect, work)) as own:
        with pytest.raises(DBAPIError, match="zero"):
            await own.get("/")
    await engine.dispose()


@WAYS
@pytest.mark.parametrize("driver", ["asyncpg", "psycopg"])
async def test_a_server_that_dies_is_answered_503_all_along(
    mortal: MortalServer, protect: Protect, driver: str
) -> None:
    engine = create_async_engine(mortal.server.url("postgres", driver))
    breaker = Breaker("database", settings=BreakerSettings(failures=3, pause_s=60, longest_pause_s=60))
    breaker.protect(engine)
    kills = [mortal.kill]

    async def work() -> int:
        async with engine.connect() as connection:
            await connection.execute(text("SELECT 1"))
            if kills:
                kills.pop()()
            return int((await connection.execute(text("SELECT 1"))).scalar_one())

    async with client(app_of(protect, work)) as own:
        answers = [await own.get("/") for _ in range(6)]
    assert {answer.status_code for answer in answers} == {503}
    assert 40 < int(answers[-1].headers["retry-after"]) <= 60
    assert breaker.counts.rejected >= 3
    await engine.dispose()
    mortal.start()


@pytest.mark.parametrize("driver", ["asyncpg", "psycopg"])
async def test_a_connection_lost_in_the_apps_own_commit_is_no_503(database: Database, driver: str) -> None:
    engine = create_async_engine(database.url(driver))
    others = "datname = current_database() AND pid <> pg_backend_pid()"

    async def work() -> None:
        async with engine.connect() as connection:
            await connection.execute(text("CREATE TABLE kept ()"))
            database.rows(f"SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE {others}")
            await connection.commit()

    async with client(app_of(with_middleware, work)) as own:
        answer = await own.get("/")
    assert answer.status_code == 500
    assert answer.json()["title"] == "Outcome Unknown"
    await engine.dispose()


async def test_nothing_is_answered_after_the_response_has_begun() -> None:
    app = FastAPI()
    app.add_middleware(UnavailableMiddleware)

    @app.get("/")
    async def get() -> StreamingResponse:
        async def rows() -> AsyncIterator[str]:
            yield "first"
            raise CircuitOpen("database", 1)

        return StreamingResponse(rows())

    async with client(app) as own:
        with pytest.raises((CircuitOpen, ExceptionGroup)):
            await own.get("/")


async def test_other_kinds_of_connections_pass() -> None:
    seen = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["type"])
        raise CircuitOpen("database", 1)

    with pytest.raises(CircuitOpen):
        await UnavailableMiddleware(app)({"type": "lifespan"}, None, None)  # type: ignore[arg-type]
    assert seen == ["lifespan"]
