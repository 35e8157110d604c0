"""A page in FastAPI: parameters from the query, entities as the model that the answer shows, 400 for a wrong cursor."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any

import httpx
import pytest
from fastapi import Depends, FastAPI
from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from pgwright_runtime import create_engine
from pgwright_runtime.paging import Page, Pager
from pgwright_runtime.paging.fastapi import PageParams, answer_invalid_pages, page_params
from tests.support.database import Database

PAGER = Pager(secret="a secret of the tests", default_size=2, max_size=3, total="exact")


class Base(DeclarativeBase):
    pass


class Note(Base):
    __tablename__ = "notes"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    author: Mapped[str]

    @property
    def heading(self) -> str:
        return self.title.upper()


class NoteView(BaseModel):
    """What is shown of a note: not its author."""

    id: int
    heading: str


NotePage = Annotated[PageParams, Depends(page_params(PAGER))]


def create_app(url: str) -> FastAPI:
    app = FastAPI()
    answer_invalid_pages(app)
    engine = create_async_engine(url)
    app.state.engine = engine

    @app.get("/notes", response_model=Page[NoteView])
    async def list_notes(asked: NotePage) -> Page[Note]:
        async with AsyncSession(engine) as session:
            return await PAGER.page(session, select(Note).order_by(Note.title), **asked)

    @app.get("/mapped")
    async def list_mapped(asked: NotePage) -> Page[NoteView]:
        async with AsyncSession(engine) as session:
            page = await PAGER.page(session, select(Note).order_by(Note.title), **asked)
        return page.map(lambda note: NoteView(id=note.id, heading=note.heading))

    return app


@pytest.fixture
async def client(database: Database) -> AsyncIterator[httpx.AsyncClient]:
    engine = create_engine(database.url("psycopg"))
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add_all(Note(id=number, title=f"note {number}", author="Ada") for number in range(1, 6))
        session.commit()
    engine.dispose()
    app = create_app(database.url("asyncpg"))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://app") as client:
        yield client
    await app.state.engine.dispose()


@pytest.mark.parametrize("path", ["/notes", "/mapped"])
async def test_entities_are_answered_as_the_model_shows_them(client: httpx.AsyncClient, path: str) -> None:
    first = (await client.get(path)).json()
    assert first["items"] == [{"id": 1, "heading": "NOTE 1"}, {"id": 2, "heading": "NOTE 2"}]
    assert (first["previous"], first["total"], first["total_kind"]) == (None, 5, "exact")
    second = (await client.get(path, params={"size": 3, "cursor": first["next"]})).json()
    assert [note["id"] for note in second["items"]] == [3, 4, 5]
    assert second["next"] is None
    back = (await client.get(path, params={"cursor": second["previous"]})).json()
    assert back["items"] == first["items"]


@pytest.mark.parametrize("size", ["0", "4", "-1", "many"])
async def test_a_size_out_of_range_is_answered_422(client: httpx.AsyncClient, size: str) -> None:
    answer = await client.get("/notes", params={"size": size})
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["query", "size"]


async def test_a_wrong_cursor_is_answered_400(client: httpx.AsyncClient) -> None:
    cursor = (await client.get("/notes")).json()["next"]
    wrong = [await client.get("/notes", params={"cursor": text}) for text in (cursor[:-1], "", "x" * 100)]
    assert [answer.status_code for answer in wrong] == [400] * 3
    assert all("the cursor is" in answer.json()["detail"] for answer in wrong)
    assert (await client.get("/notes", params={"cursor": "x" * 9_000})).status_code == 422


async def test_the_schema_shows_the_page_and_its_bounds(client: httpx.AsyncClient) -> None:
    document: dict[str, Any] = (await client.get("/openapi.json")).json()
    operation = document["paths"]["/notes"]["get"]
    size, cursor = operation["parameters"]
    assert (size["name"], size["schema"]["default"], size["schema"]["maximum"]) == ("size", 2, 3)
    assert (size["schema"]["minimum"], size["required"], cursor["required"]) == (1, False, False)
    assert "first page" in cursor["description"]
    shown = operation["responses"]["200"]["content"]["application/json"]["schema"]
    assert shown == {"$ref": "#/components/schemas/Page_NoteView_"}
    page = document["components"]["schemas"]["Page_NoteView_"]
    assert page["properties"]["items"]["items"] == {"$ref": "#/components/schemas/NoteView"}
    assert set(page["properties"]) == {"items", "next", "previous", "total", "total_kind"}
