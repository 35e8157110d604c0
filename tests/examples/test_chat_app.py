"""Both chat apps over the real server: what they answer, whose it is, and what they refuse."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, MutableMapping
from datetime import datetime, timedelta, tzinfo
from typing import Any
from unicodedata import normalize
from uuid import UUID, uuid4

import pytest

from chat.after.app import create_app
from chat.after.settings import Settings, from_environment
from chat.answers import NOTHING_FOUND
from chat.data import key, token
from chat.embeddings import EmbeddingFailed, EmbeddingRefused
from chat.ingest import GLOSSARY, ingest
from chat.views import LONGEST_QUESTION
from chat.web import LONGEST_BODY
from pgwright_runtime import count_statements
from tests.support.chat_clients import QUESTION, UNANSWERABLE, ChatClient, CountedEmbeddings, Streamed, client_of
from tests.support.database import Database

pytest_plugins = ["tests.support.chat_databases"]


async def test_both_apps_give_the_same_answer_with_its_sources(
    before_client: ChatClient, after_client: ChatClient
) -> None:
    old, new = [Streamed.of(await client.ask(QUESTION)) for client in (before_client, after_client)]
    assert (new.text, new.citations) == (old.text, old.citations)
    assert "wait for a lock of the other" in new.text
    assert (new.is_done, new.citations[0]["title"]) == (True, "A PostgreSQL glossary: Deadlock")
    assert "[1]" in new.text


async def test_what_no_document_says_is_told_so(before_client: ChatClient, after_client: ChatClient) -> None:
    for client in (before_client, after_client):
        answer = Streamed.of(await client.ask(UNANSWERABLE))
        assert (answer.text, len(answer.citations)) == (NOTHING_FOUND, 0)


async def test_a_conversation_goes_on_and_is_shown_newest_first(after_client: ChatClient) -> None:
    first = Streamed.of(await after_client.ask(QUESTION))
    second = Streamed.of(await after_client.ask("What is bloat?", conversation=first.conversation))
    assert second.conversation == first.conversation
    page = (await after_client.get("/history", params={"conversation": first.conversation})).json()
    assert [(item["role"], item["text"]) for item in page["items"]] == [
        ("assistant", second.text),
        ("user", "What is bloat?"),
        ("assistant", first.text),
        ("user", QUESTION),
    ]
    assert page["items"][2]["citations"] == list(first.citations)
    listed = (await after_client.get("/conversations")).json()
    assert [(each["id"], each["question"], each["message_count"]) for each in listed] == [
        (first.conversation, QUESTION, 4)
    ]


async def test_a_question_that_comes_again_under_its_key_is_stored_once(
    after_client: ChatClient, after_copy: Database
) -> None:
    own = uuid4()
    at_once = await asyncio.gather(*(after_client.ask(QUESTION, key=own) for _ in range(5)))
    again = Streamed.of(await after_client.ask(QUESTION, key=own))
    answers = {(each.conversation, each.message, each.text) for each in map(Streamed.of, [*at_once])}
    assert answers == {(again.conversation, again.message, again.text)}
    page = (await after_client.get("/history", params={"conversation": again.conversation})).json()
    assert len(page["items"]) == 2
    reused = await after_client.ask("Another question?", key=own)
    assert reused.status_code == 422
    assert (await after_client.ask(QUESTION, key=own)).status_code == 200


async def test_a_second_ask_of_the_same_question_costs_no_embedding_and_no_search(
    after_client: ChatClient, embeddings: CountedEmbeddings
) -> None:
    await after_client.ask(QUESTION)
    assert embeddings.asked == [QUESTION]
    with count_statements(after_client.app.state.services.engine) as counted:
        await after_client.ask(f"  {QUESTION.upper()} ")
    assert embeddings.asked == [QUESTION]
    # The visitor; the conversation, the two messages, the citations and the log.
    assert counted.count == 5


async def test_an_answer_is_another_one_once_its_document_is(
    after_client: ChatClient, after_copy: Database, embeddings: CountedEmbeddings
) -> None:
    old = Streamed.of(await after_client.ask(QUESTION))
    # Another program, as `python -m chat.ingest` is: seen by its trigger.
    after_copy.execute("UPDATE passages SET content = replace(content, 'Two transactions', 'Some transactions')")
    async with asyncio.timeout(10):
        while (new := Streamed.of(await after_client.ask(QUESTION))).text == old.text:
            await asyncio.sleep(0.05)
    assert new.text == old.text.replace("Two transactions", "Some transactions")


async def test_the_ingestion_leaves_what_has_not_changed(after_copy: Database, embeddings: CountedEmbeddings) -> None:
    assert await ingest(after_copy.url(), [GLOSSARY], embeddings) == (0, 1, 0)
    assert embeddings.asked == []
    assert await ingest(after_copy.url(), [], embeddings) == (0, 0, 1)
    assert after_copy.rows("SELECT count(*) FROM passages") == [(0,)]


async def test_pages_have_fifty_messages_and_three_statements(after_client: ChatClient, after_copy: Database) -> None:
    after_client.headers["Authorization"] = f"Bearer {token(0)}"
    mine, conversation = key("user_sessions", 0), str(key("conversations", 0))
    after_copy.execute(f"UPDATE user_sessions SET expires_at = now() + interval '1 hour' WHERE id = '{mine}'")
    living = f"FROM messages WHERE conversation_id = '{conversation}' AND expires_at > now()"
    ((count,),) = after_copy.rows(f"SELECT count(*) {living}")
    sizes, asked = [], {"conversation": conversation}
    while True:
        with count_statements(after_client.app.state.services.engine) as counted:
            page = (await after_client.get("/history", params=asked)).json()
        # The visitor, the page, the citations.
        assert counted.count == 3
        sizes.append(len(page["items"]))
        if page["next"] is None:
            break
        asked["cursor"] = page["next"]
    assert (sum(sizes), set(sizes[:-1]), len(sizes) > 2) == (count, {50}, True)


async def test_the_history_asks_once_a_message_before(before_client: ChatClient) -> None:
    before_client.headers["Authorization"] = f"Bearer {token(0)}"
    with count_statements(before_client.app.state.engine) as counted:
        page = await before_client.get("/history", params={"conversation": str(key("conversations", 0))})
    # The visitor, the conversation, the page, and the citations of each message.
    assert (counted.count, len(page.json()["items"])) == (53, 50)


async def test_nobody_reads_the_conversation_of_another(after_client: ChatClient, after_copy: Database) -> None:
    mine = Streamed.of(await after_client.ask(QUESTION)).conversation
    other = (await after_client.post("/session")).json()["session"]
    theirs = {"Authorization": f"Bearer {other}"}
    for reply in (
        await after_client.get("/history", params={"conversation": mine}, headers=theirs),
        await after_client.ask(QUESTION, conversation=mine, headers=theirs),
    ):
        assert reply.status_code == 404
    assert (await after_client.get("/conversations", headers=theirs)).json() == []


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer unknown", "Basic dTpw", f"Bearer {token(0)}"])
async def test_who_has_no_session_or_one_that_has_ended_is_told_so(
    after_client: ChatClient, authorization: str
) -> None:
    after_client.headers["Authorization"] = authorization
    for reply in (await after_client.ask(QUESTION), await after_client.get("/conversations")):
        assert (reply.status_code, reply.headers["www-authenticate"]) == (401, "Bearer")


@pytest.mark.parametrize(
    ("question", "status"),
    [("", 422), (" \n ", 422), ("a\x00b", 422), ("x" * LONGEST_QUESTION, 200), ("x" * (LONGEST_QUESTION + 1), 422)],
    ids=["empty", "blank", "with NUL", "longest", "too long"],
)
async def test_a_question_is_a_text_of_some_length(after_client: ChatClient, question: str, status: int) -> None:
    assert (await after_client.ask(question)).status_code == status


async def test_a_question_of_a_megabyte_is_not_read_to_its_end(after_client: ChatClient) -> None:
    sent = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 1_000_000:
            sent += 8_192
            yield b"x" * 8_192

    reply = await after_client.post(
        "/ask", content=body(), headers={"Content-Type": "application/json", "Idempotency-Key": str(uuid4())}
    )
    assert reply.status_code == 413
    assert sent <= LONGEST_BODY + 8_192


async def test_markup_comes_back_as_the_text_that_it_was(after_client: ChatClient) -> None:
    question = "<img src=x onerror=alert(1)> What is a deadlock?</script>"
    answer = Streamed.of(await after_client.ask(question))
    page = (await after_client.get("/history", params={"conversation": answer.conversation})).json()
    assert page["items"][1]["text"] == question


async def test_letters_of_all_kinds_are_kept(after_client: ChatClient) -> None:
    question = normalize("NFD", "Was heißt Größe? 什么是死锁 \U0001f512 \u202e")
    answer = Streamed.of(await after_client.ask(question))
    page = (await after_client.get("/history", params={"conversation": answer.conversation})).json()
    assert page["items"][1]["text"] == question.strip()


async def test_over_the_limit_is_429_and_nothing_else_breaks(
    after_copy: Database, embeddings: CountedEmbeddings
) -> None:
    app = create_app(Settings(after_copy.url(), asks_a_minute=3), embeddings=embeddings)
    async with client_of(app) as client:
        replies = [await client.ask(QUESTION, headers={"Origin": "https://shop.example"}) for _ in range(5)]
        assert [reply.status_code for reply in replies] == [200, 200, 200, 429, 429]
        refused = replies[-1]
        assert int(refused.headers["Retry-After"]) >= 1
        # Pages of other origins may read when to come back.
        assert "Retry-After" in refused.headers["Access-Control-Expose-Headers"]
        assert refused.headers["Access-Control-Allow-Origin"] == "*"
        assert (await client.get("/conversations")).status_code == 200
        counted = (await client.get("/metrics")).text
    assert 'pgwright_limits_limited_total{rule="visitor"} 2.0' in counted


@pytest.mark.parametrize("given", ["203.0.113.7", "203.0.113.7, 10.0.0.1", "::1", "unknown", "1.2.3.4, 5.6.7.8, evil"])
async def test_a_forged_header_gives_no_new_address(
    after_copy: Database, embeddings: CountedEmbeddings, given: str
) -> None:
    app = create_app(Settings(after_copy.url(), posts_a_minute=3), embeddings=embeddings)
    async with client_of(app) as client:
        statuses = [(await client.post("/session", headers={"X-Forwarded-For": given})).status_code for _ in range(3)]
    assert statuses == [201, 201, 429]


async def test_addresses_behind_a_trusted_proxy_count_each_for_itself(
    after_copy: Database, embeddings: CountedEmbeddings
) -> None:
    settings = Settings(after_copy.url(), posts_a_minute=1, trusted_proxies=("127.0.0.1",))
    async with client_of(create_app(settings, embeddings=embeddings)) as client:

        async def status(address: str) -> int:
            return (await client.post("/session", headers={"X-Forwarded-For": address})).status_code

        assert [await status("2001:db8::1"), await status("2001:db8:0:0:1::2")] == [201, 429]
        assert [await status("2001:db8:1::1"), await status("192.0.2.1"), await status("::ffff:192.0.2.1")] == [
            201,
            201,
            429,
        ]


async def test_an_embedding_service_that_fails_or_refuses_is_told_apart(
    after_client: ChatClient, embeddings: CountedEmbeddings
) -> None:
    embeddings.failure = EmbeddingFailed("secret detail")
    failed = await after_client.ask(QUESTION)
    assert (failed.status_code, failed.headers["Retry-After"]) == (503, "1")
    assert "secret" not in failed.text
    embeddings.failure = EmbeddingRefused("too long for the model")
    assert (await after_client.ask(QUESTION)).status_code == 422
    embeddings.failure = None
    assert Streamed.of(await after_client.ask(QUESTION)).is_done


async def test_a_slow_answer_is_streamed_with_signs_of_life(
    after_client: ChatClient, embeddings: CountedEmbeddings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chat.after.app.PATIENCE_S", 0.05)
    monkeypatch.setattr("chat.after.app.HEARTBEAT_S", 0.05)
    plain = embeddings.embed

    async def slow(text: str) -> object:
        await asyncio.sleep(0.3)
        return await plain(text)

    monkeypatch.setattr(embeddings, "embed", slow)
    reply = await after_client.ask(QUESTION)
    assert Streamed.of(reply).is_done
    assert reply.text.startswith("event: start")
    assert reply.text.count(": ping") >= 2
    embeddings.failure = EmbeddingFailed("secret detail")
    broken = Streamed.of(await after_client.ask("What is bloat?"))
    assert (broken.is_done, broken.text) == (False, "")
    assert broken.error is not None
    assert "secret" not in broken.error


async def test_a_client_that_leaves_stops_the_work_and_may_ask_again(
    after_client: ChatClient, embeddings: CountedEmbeddings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chat.after.app.PATIENCE_S", 0.05)
    plain, ended = embeddings.embed, asyncio.Event()

    async def slow(text: str) -> object:
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()
        return await plain(text)

    monkeypatch.setattr(embeddings, "embed", slow)
    own = uuid4()
    leaving = asyncio.create_task(_leave_after_start(after_client, own))
    async with asyncio.timeout(20):
        await leaving
        await ended.wait()
    monkeypatch.setattr(embeddings, "embed", plain)
    answer = Streamed.of(await after_client.ask(QUESTION, key=own))
    page = (await after_client.get("/history", params={"conversation": answer.conversation})).json()
    assert len(page["items"]) == 2


async def test_the_health_is_that_of_the_database(after_client: ChatClient, after_copy: Database) -> None:
    assert (await after_client.get("/health")).json() == {"status": "ok", "database": "closed"}
    name = after_copy.name
    with after_copy.server.admin("postgres") as admin:
        admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false".encode())
        admin.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'".encode())
    assert (await after_client.get("/health")).status_code == 503


async def test_the_page_of_the_app_allows_nothing_but_its_own_files(after_client: ChatClient) -> None:
    page = await after_client.get("/")
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    for path in ("/widget.js", "/widget.css"):
        assert (await after_client.get(path)).status_code == 200


async def test_the_log_of_questions_names_nobody(after_client: ChatClient, after_copy: Database) -> None:
    await after_client.ask(QUESTION)
    await after_client.ask(UNANSWERABLE)
    both = "cardinality(passage_ids), cardinality(distances) = cardinality(passage_ids)"
    rows = after_copy.rows(f"SELECT question, {both}, seconds > 0, model LIKE 'wordllama%' FROM query_log ORDER BY id")
    assert [row[0] for row in rows] == [QUESTION, UNANSWERABLE]
    assert [row[1] == 0 for row in rows] == [False, True]
    assert {row[2:] for row in rows} == {(True, True, True)}


async def test_a_clock_that_goes_back_keeps_questions_before_their_answers(
    after_client: ChatClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    class SetBack:
        @staticmethod
        def now(zone: tzinfo) -> datetime:
            return datetime.now(zone) - timedelta(hours=1)

    monkeypatch.setattr("chat.after.queries.datetime", SetBack)
    answer = Streamed.of(await after_client.ask(QUESTION))
    page = (await after_client.get("/history", params={"conversation": answer.conversation})).json()
    assert [item["role"] for item in page["items"]] == ["assistant", "user"]


def test_settings_come_from_the_environment() -> None:
    given = from_environment(
        {
            "DATABASE_URL": "postgresql://db/chat",
            "REDIS_URL": "",
            "CHAT_SECRET": "sixteen letters!",
            "CHAT_ORIGINS": "https://a.example, https://b.example",
            "WEB_CONCURRENCY": "4",
        }
    )
    assert (given.redis_url, given.origins, given.processes) == (None, ("https://a.example", "https://b.example"), 4)
    assert "sixteen" not in repr(given)
    with pytest.raises(KeyError, match="DATABASE_URL"):
        from_environment({})


async def _leave_after_start(client: ChatClient, own: UUID) -> None:
    """Ask, and close the connection once the answer has begun."""
    has_begun = asyncio.Event()
    scope = {
        "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1", "method": "POST",
        "path": "/ask", "raw_path": b"/ask", "query_string": b"", "root_path": "", "scheme": "http",
        "client": ("127.0.0.1", 1), "server": ("chat", 80), "state": {},
        "headers": [(b"authorization", f"Bearer {client.token}".encode()), (b"content-type", b"application/json"),
                    (b"idempotency-key", str(own).encode())],
    }  # fmt: skip
    messages: list[MutableMapping[str, Any]] = [
        {"type": "http.request", "body": b'{"question": "What is a deadlock?"}'}
    ]

    async def receive() -> MutableMapping[str, Any]:
        if messages:
            return messages.pop()
        await has_begun.wait()
        return {"type": "http.disconnect"}

    async def send(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.body":
            has_begun.set()

    await client.app(scope, receive, send)
