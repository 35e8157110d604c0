"""The web app over the real server: every endpoint, and what it refuses."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from httpx import ASGITransport, AsyncClient

from notebook.app import create_app
from notebook.arguments import arguments
from pgwright_runtime import count_statements
from tests.support.database import Database

pytest_plugins = ["tests.support.notebook_databases"]

SECRET = "the notebook's secret, for tests"
GIVEN = arguments(0.02)


@pytest.fixture
async def client(after: Database) -> AsyncIterator[AsyncClient]:
    app = create_app(after.url(), erasure_secret=SECRET)
    transport = ASGITransport(app)
    async with app.router.lifespan_context(app), AsyncClient(transport=transport, base_url="http://app") as client:
        client.app = app  # type: ignore[attr-defined]
        yield client


def by(user: UUID) -> dict[str, str]:
    return {"X-User-Id": str(user)}


async def test_lists_page_by_page_without_gaps(client: AsyncClient) -> None:
    everything = (await client.get("/notebooks", headers=by(GIVEN.owner))).json()
    walked: list[object] = []
    where: dict[str, str | int] = {"limit": 7}
    while page := (await client.get("/notebooks", headers=by(GIVEN.owner), params=where)).json():
        walked += page
        where |= {"after_time": page[-1]["created_at"], "after_id": page[-1]["id"]}
    assert len(walked) > 7
    assert walked == everything


async def test_every_read_takes_two_queries_at_most(client: AsyncClient) -> None:
    for path, user in (
        ("/notebooks", GIVEN.owner),
        (f"/notebooks/{GIVEN.page}", GIVEN.reader),
        (f"/notebooks/{GIVEN.page}/sources", GIVEN.reader),
        (f"/notebooks/{GIVEN.desk}/conversations", GIVEN.writer),
        (f"/conversations/{GIVEN.talk}/messages", GIVEN.talker),
        ("/jobs/pending", GIVEN.owner),
        ("/documents", GIVEN.uploader),
        ("/history", GIVEN.uploader),
    ):
        with count_statements(client.app.state.engine) as statements:  # type: ignore[attr-defined]
            response = await client.get(path, headers=by(user))
        assert response.status_code == 200, path
        assert response.json(), path
        assert statements.count <= 2, path


async def test_a_new_notebook_and_a_new_message_appear(client: AsyncClient) -> None:
    made = await client.post("/notebooks", headers=by(GIVEN.owner), json={"title": " Maps "})
    assert made.status_code == 201
    shown = await client.get(f"/notebooks/{made.json()['id']}", headers=by(GIVEN.owner))
    assert (shown.json()["title"], shown.json()["sources"]) == ("Maps", [])

    path = f"/conversations/{GIVEN.talk}/messages"
    old = (await client.get(path, headers=by(GIVEN.talker))).json()
    posted = await client.post(path, headers=by(GIVEN.talker), json={"content": "And then?"})
    assert posted.status_code == 201
    new = (await client.get(path, headers=by(GIVEN.talker))).json()
    assert new["total"] == old["total"] + 1
    assert new["messages"][0] == posted.json()


async def test_a_notebook_is_deleted_and_restored(client: AsyncClient) -> None:
    path, headers = f"/notebooks/{GIVEN.page}", by(GIVEN.reader)
    shown = (await client.get(path, headers=headers)).json()
    assert (await client.delete(path, headers=headers)).status_code == 204
    assert (await client.get(path, headers=headers)).status_code == 404
    assert (await client.get(f"{path}/sources", headers=headers)).status_code == 404
    assert (await client.delete(path, headers=headers)).status_code == 404
    assert (await client.post(f"{path}/restore", headers=headers)).status_code == 204
    assert (await client.get(path, headers=headers)).json() == shown


async def test_a_user_erases_themselves_and_nobody_else(client: AsyncClient) -> None:
    assert (await client.delete(f"/users/{GIVEN.owner}", headers=by(GIVEN.reader))).status_code == 404
    assert (await client.delete(f"/users/{GIVEN.owner}", headers=by(GIVEN.owner))).status_code == 204
    assert (await client.get("/notebooks", headers=by(GIVEN.owner))).json() == []
    assert (await client.delete(f"/users/{GIVEN.owner}", headers=by(GIVEN.owner))).status_code == 404


async def test_a_job_is_shown_to_the_owner_of_its_document(client: AsyncClient, after: Database) -> None:
    [(job, owner)] = after.rows(
        "SELECT jobs.id, user_id FROM jobs JOIN documents ON documents.id = document_id ORDER BY 1 LIMIT 1"
    )
    assert isinstance(owner, UUID)
    shown = await client.get(f"/jobs/{job}", headers=by(owner))
    assert shown.json()["id"] == str(job)
    assert (await client.get(f"/jobs/{job}", headers=by(UUID(int=8)))).status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", f"/notebooks/{UUID(int=7)}", None),
        ("GET", f"/notebooks/{GIVEN.page}", None),
        ("GET", f"/notebooks/{GIVEN.page}/conversations", None),
        ("GET", f"/conversations/{GIVEN.talk}/messages", None),
        ("POST", f"/conversations/{GIVEN.talk}/messages", {"content": "Mine?"}),
        ("POST", f"/notebooks/{GIVEN.page}/restore", None),
        ("POST", "/notebooks", {"title": "By nobody"}),
    ],
)
async def test_what_is_not_the_users_is_not_found(
    client: AsyncClient, method: str, path: str, body: dict[str, str] | None
) -> None:
    assert (await client.request(method, path, headers=by(UUID(int=8)), json=body)).status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "headers", "body"),
    [
        ("GET", "/notebooks", {}, None),
        ("GET", "/notebooks", {"X-User-Id": "me"}, None),
        ("GET", "/notebooks?limit=0", by(GIVEN.owner), None),
        ("GET", "/notebooks?limit=1000", by(GIVEN.owner), None),
        ("GET", f"/notebooks?after_id={GIVEN.page}", by(GIVEN.owner), None),
        ("GET", f"/notebooks?after_id={GIVEN.page}&after_time=2025-01-01T00:00:00", by(GIVEN.owner), None),
        ("GET", "/notebooks/17", by(GIVEN.owner), None),
        ("POST", "/notebooks", by(GIVEN.owner), {"title": "  "}),
        ("POST", "/notebooks", by(GIVEN.owner), {"title": "nul \x00"}),
        ("POST", "/notebooks", by(GIVEN.owner), {"title": "x" * 256}),
        ("POST", f"/conversations/{GIVEN.talk}/messages", by(GIVEN.talker), {"content": ""}),
    ],
)
async def test_bad_input_is_refused(
    client: AsyncClient, method: str, path: str, headers: dict[str, str], body: dict[str, str] | None
) -> None:
    assert (await client.request(method, path, headers=headers, json=body)).status_code == 422


async def test_a_full_pool_is_told_as_busy(after: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", after.url())
    monkeypatch.setenv("DATABASE_POOL_SIZE", "1")
    monkeypatch.setenv("DATABASE_MAX_OVERFLOW", "0")
    app = create_app()
    async with (
        app.router.lifespan_context(app),
        AsyncClient(transport=ASGITransport(app), base_url="http://app") as client,
        app.state.engine.connect(),
    ):
        app.state.engine.pool._timeout = 0.05
        response = await client.get("/notebooks", headers=by(GIVEN.owner))
    assert (response.status_code, response.headers["Retry-After"]) == (503, "1")
