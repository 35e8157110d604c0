"""The middleware around a FastAPI app: names, header, places, streams, errors."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import APIRouter, Depends, FastAPI
from fastapi.responses import StreamingResponse
from httpx import ASGITransport, AsyncClient, Response
from pydantic import BaseModel, ConfigDict
from sqlalchemy import Engine, select, text
from sqlalchemy import create_engine as create_sync_engine
from sqlalchemy.orm import Session, selectinload

from pgwright.embedded import EmbeddedServer
from pgwright_runtime.guard import GuardMiddleware, GuardRules, QueryGuard, QueryProblems
from runtime.tests.support.guard_shelf import ROWS, Notebook, Owner, create_shelf


class SourceOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    title: str


class NotebookOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    title: str
    sources: list[SourceOut]


@pytest.fixture(scope="module")
def engine(server: EmbeddedServer) -> Iterator[Engine]:
    name = create_shelf(server)
    engine = create_sync_engine(server.url(name, "psycopg"))
    yield engine
    engine.dispose()
    server.drop_database(name)


def list_notebooks(session: Session) -> Any:
    return session.scalars(select(Notebook)).all()


@pytest.fixture
def app(engine: Engine) -> FastAPI:
    def get_session() -> Iterator[Session]:
        with Session(engine) as session:
            yield session

    needs = Depends(get_session)
    app = FastAPI()

    @app.get("/notebooks", response_model=list[NotebookOut])
    def notebooks(session: Session = needs) -> Any:
        return list_notebooks(session)

    @app.get("/owners/{owner_id}")
    async def owner(owner_id: int) -> str:
        def load() -> str:
            with Session(engine) as session:
                name: str = session.get_one(Owner, owner_id).name
                return name

        return await asyncio.to_thread(load)

    @app.get("/eager", response_model=None)
    def eager(session: Session = needs) -> Any:
        query = select(Notebook).options(selectinload(Notebook.sources))
        return session.scalars(query).all()

    @app.get("/broken")
    def broken(session: Session = needs) -> None:
        list_notebooks(session)
        raise ZeroDivisionError

    @app.get("/stream")
    def stream() -> StreamingResponse:
        def lines() -> Iterator[str]:
            with engine.connect() as connection:
                for number in range(3):
                    yield str(connection.scalar(text("SELECT :n"), {"n": number}))

        return StreamingResponse(lines())

    router = APIRouter(prefix="/v1")
    router.add_api_route("/owners/{owner_id}", owner)
    app.include_router(router)
    mounted = FastAPI()
    mounted.add_api_route("/owners/{owner_id}", owner)
    app.mount("/mounted", mounted)
    return app


@pytest.fixture
def guard(engine: Engine) -> QueryGuard:
    return QueryGuard(engine, mode="warn", rules=GuardRules(ignore=["Notebook.tags"]))


async def get(app: FastAPI, guard: QueryGuard, path: str) -> Response:
    transport = ASGITransport(GuardMiddleware(app, guard))
    async with AsyncClient(transport=transport, base_url="http://test") as client:
        return await client.get(path)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/owners/1", "GET /owners/{owner_id}"),
        ("/v1/owners/1", "GET /v1/owners/{owner_id}"),
        ("/mounted/owners/1", "GET /mounted/owners/{owner_id}"),
    ],
)
async def test_units_are_named_by_method_and_route(app: FastAPI, guard: QueryGuard, path: str, name: str) -> None:
    response = await get(app, guard, path)
    assert (response.json(), response.headers["x-pgwright-queries"]) == ("owner 0", "1")
    ((seen, counts),) = guard.counters().by_unit.items()
    assert (seen, counts.statements) == (name, 1)


async def test_unknown_paths_share_a_name(app: FastAPI, guard: QueryGuard) -> None:
    for path in ("/wp-admin", "/.env"):
        assert (await get(app, guard, path)).status_code == 404
    assert list(guard.counters().by_unit) == ["GET (no route)"]


async def test_without_a_router_the_path_is_the_name(guard: QueryGuard) -> None:
    async def plain(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    await get(plain, guard, "/plain")  # type: ignore[arg-type]
    assert list(guard.counters().by_unit) == ["GET /plain"]


async def test_a_lazy_load_while_serializing_is_placed_at_the_endpoint(app: FastAPI, guard: QueryGuard) -> None:
    with pytest.warns(match=r"add selectinload\(Notebook.sources\) to the query of Notebook"):
        response = await get(app, guard, "/notebooks")
    assert len(response.json()) == ROWS
    ((key, seen),) = guard.counters().problems.items()
    assert (key.unit, key.relationship) == ("GET /notebooks", "Notebook.sources")
    assert seen.example.place is not None
    assert seen.example.place.function.endswith("notebooks")
    assert seen.example.parent is not None
    assert seen.example.parent.rows == ROWS


async def test_raise_reaches_the_client(app: FastAPI, engine: Engine) -> None:
    guard = QueryGuard(engine, mode="raise", rules=GuardRules(ignore=["Notebook.tags"]))
    with pytest.raises(QueryProblems, match="lazy load of Notebook") as error:
        await get(app, guard, "/notebooks")
    assert error.value.unit == "GET /notebooks"


async def test_without_a_response_model_eager_loads_are_not_judged(app: FastAPI, guard: QueryGuard) -> None:
    response = await get(app, guard, "/eager")
    assert [len(notebook["sources"]) for notebook in response.json()] == [1] * ROWS
    assert not guard.counters().problems


async def test_an_error_of_the_app_stays_its_own(app: FastAPI, engine: Engine) -> None:
    guard = QueryGuard(engine, mode="raise", max_queries=0)
    with pytest.raises(ZeroDivisionError):
        await get(app, guard, "/broken")
    assert guard.counters().by_unit["GET /broken"].units == 1


async def test_a_stream_is_counted_to_its_end(app: FastAPI, guard: QueryGuard) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        response = await get(app, guard, "/stream")
    assert (response.text, response.headers["x-pgwright-queries"]) == ("012", "0")
    assert guard.counters().by_unit["GET /stream"].statements == 3


async def test_concurrent_requests_do_not_mix(app: FastAPI, guard: QueryGuard) -> None:
    responses = await asyncio.gather(*(get(app, guard, f"/owners/{1 + n % ROWS}") for n in range(12)))
    assert {response.headers["x-pgwright-queries"] for response in responses} == {"1"}


async def test_no_header_in_production(app: FastAPI, engine: Engine) -> None:
    guard = QueryGuard(engine, mode="sample", share=1)
    assert "x-pgwright-queries" not in (await get(app, guard, "/owners/1")).headers


async def test_other_scopes_pass(guard: QueryGuard) -> None:
    seen: list[str] = []

    async def lifespan(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["type"])

    async def nothing(*message: Any) -> Any:
        return None

    await GuardMiddleware(lifespan, guard)({"type": "lifespan"}, nothing, nothing)
    assert seen == ["lifespan"]
    assert guard.counters().units == 0
