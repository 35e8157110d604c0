"""The panel for development: what it shows, that it shows it harmlessly, and to whom it does not."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient, Response
from sqlalchemy import Engine, create_engine, select, text
from sqlalchemy.orm import Session

from pgwright.embedded import EmbeddedServer
from pgwright_runtime.guard import PanelMiddleware
from runtime.tests.support.guard_shelf import ROWS, Notebook, create_shelf

HOSTILE = "<script>alert(1)</script>\u202e\x1b[31m\"'&"


@pytest.fixture(scope="module")
def engine(server: EmbeddedServer) -> Iterator[Engine]:
    name = create_shelf(server)
    engine = create_engine(server.url(name, "psycopg"))
    yield engine
    engine.dispose()
    server.drop_database(name)


def make_app(engine: Engine, **options: Any) -> FastAPI:
    app = FastAPI()
    app.add_middleware(PanelMiddleware, engine=engine, **options)

    @app.get("/sources")
    def sources() -> list[int]:
        with Session(engine) as session:
            return [len(notebook.sources) for notebook in session.scalars(select(Notebook))]

    @app.get("/hostile/{name}")
    def hostile(name: str) -> None:
        with Session(engine) as session:
            session.execute(text(f'SELECT 1 AS "{HOSTILE.replace(chr(34), "")}"'))

    @app.get("/fails")
    def fails() -> None:
        with Session(engine) as session:
            session.execute(text("SELECT 1"))
        raise LookupError

    return app


async def ask(
    app: FastAPI, path: str, *, client: Any = ("127.0.0.1", 1), method: str = "GET", **headers: str
) -> Response:
    transport = ASGITransport(app, client=client, raise_app_exceptions=False)
    async with AsyncClient(transport=transport, base_url="http://localhost:8000") as http:
        return await http.request(
            method, path, headers={key.replace("_", "-"): value for key, value in headers.items()}
        )


async def test_it_shows_statements_repeats_and_lazy_loads_with_their_lines(engine: Engine) -> None:
    app = make_app(engine, debug=True)
    assert "No request yet" in (await ask(app, "/_pgwright")).text
    assert (await ask(app, "/sources")).json() == [1] * ROWS
    page = (await ask(app, "/_pgwright")).text
    assert f"GET /sources</b> 200 — {ROWS + 2} statement(s)" in page
    assert f"lazy load of Notebook.sources, {ROWS} times at {__file__}" in page
    assert "add selectinload(Notebook.sources) to the query of Notebook" in page
    assert f"<td class='n bad'>{ROWS}<td class=n>{ROWS}" in page


async def test_a_request_that_fails_is_shown(engine: Engine) -> None:
    app = make_app(engine, debug=True)
    assert (await ask(app, "/fails")).status_code == 500
    assert "GET /fails</b> 500 — 1 statement(s)" in (await ask(app, "/_pgwright")).text


async def test_only_the_last_requests_are_kept(engine: Engine) -> None:
    app = make_app(engine, debug=True, keep=2)
    for _ in range(3):
        await ask(app, "/sources")
    assert (await ask(app, "/_pgwright")).text.count("<details") == 2


async def test_nothing_that_is_shown_is_markup(engine: Engine) -> None:
    app = make_app(engine, debug=True)
    await ask(app, "/hostile/%3Cimg%20src=x%3E")
    await ask(app, "/%3Cimg%20src=x%3E")
    answer = await ask(app, "/_pgwright")
    tags: set[str] = set()

    class Tags(HTMLParser):
        def handle_starttag(self, tag: str, attributes: object) -> None:
            tags.add(tag)

    Tags().feed(answer.text)
    assert tags <= {"html", "title", "style", "h1", "p", "details", "summary", "b", "span", "table", "tr", "th", "td",
                    "code", "br", "small"}  # fmt: skip
    assert "&lt;script&gt;alert(1)" in answer.text
    assert not {"\u202e", "\x1b"} & set(answer.text)
    assert "\\u202e\\u001b" in answer.text
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")


@pytest.mark.parametrize("debug", [False, "true", "false", 1, None])
async def test_there_is_none_unless_it_is_switched_on(engine: Engine, debug: Any) -> None:
    app = make_app(engine, debug=debug)
    assert (await ask(app, "/_pgwright")).status_code == 404
    assert (await ask(make_app(engine), "/_pgwright")).status_code == 404


@pytest.mark.parametrize(
    ("client", "headers"),
    [
        (("192.0.2.1", 1), {}),
        (("testclient", 1), {}),
        (None, {}),
        (("127.0.0.1", 1), {"host": "evil.example"}),
        (("127.0.0.1", 1), {"host": "evil.example:8000"}),
        (("127.0.0.1", 1), {"host": "localhost.evil.example"}),
        (("127.0.0.1", 1), {"x_forwarded_for": "192.0.2.1"}),
    ],
    ids=str,
)
async def test_it_answers_this_machine_only(engine: Engine, client: Any, headers: dict[str, str]) -> None:
    app = make_app(engine, debug=True)
    await ask(app, "/sources")
    answer = await ask(app, "/_pgwright", client=client, **headers)
    assert answer.status_code == 403
    assert "SELECT" not in answer.text


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8000", "[::1]:8000", "[::1]"])
async def test_it_answers_by_a_local_name(engine: Engine, host: str) -> None:
    assert (await ask(make_app(engine, debug=True), "/_pgwright", client=("::1", 1), host=host)).status_code == 200


async def test_it_is_only_read(engine: Engine) -> None:
    assert (await ask(make_app(engine, debug=True), "/_pgwright", method="POST")).status_code == 405


def test_a_panel_without_a_place_is_refused(engine: Engine) -> None:
    for options in ({"path": "panel"}, {"keep": 0}):
        with pytest.raises(ValueError, match="the panel's path"):
            PanelMiddleware(make_app(engine), debug=True, **options)
