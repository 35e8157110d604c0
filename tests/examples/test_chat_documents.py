"""Documents become passages, passages answers, and texts vectors, also where a service sends something else."""

from __future__ import annotations

import math
from typing import Any

import httpx
import numpy as np
import pytest

from chat.answers import Found, compose
from chat.embeddings import (
    DIMENSIONS,
    EmbeddingFailed,
    EmbeddingRefused,
    HttpEmbeddings,
    LocalEmbeddings,
    chosen,
)
from chat.passages import LONGEST, Cut, read
from pgwright_runtime.resilience import CircuitOpen

PAGE = """Before any heading.

# Leave

Leave is 30 days. Ask *your* `lead` first,
and early.

| kind | days |
|---|---|
| parents | 60 |

## Sick

```sh
call --in sick
```

- Stay home.
- Call.
"""
VECTOR = [3.0, 4.0] + [0.0] * (DIMENSIONS - 2)


def test_a_document_is_cut_at_its_headings_and_is_plain_text() -> None:
    page = read(PAGE, "leave")
    assert page.title == "Leave"
    assert page.cuts == (
        Cut("Leave", "Before any heading."),
        Cut("Leave", "Leave is 30 days. Ask your lead first, and early.\nkind · days\nparents · 60"),
        Cut("Sick", "    call --in sick\nStay home.\nCall."),
    )


def test_no_passage_is_longer_than_is_looked_at_and_no_text_is_lost() -> None:
    sentence = "It is as long as most of them are, and says nothing. "
    page = read(f"# T\n\n{sentence * 100}\n\n{'x' * 3_000}\n", "t")
    assert max(len(cut.content) for cut in page.cuts) <= LONGEST
    text = "".join(cut.content for cut in page.cuts)
    assert (text.count("It is as long"), text.count("x") - text.count("xt")) == (100, 3_000)


@pytest.mark.parametrize("empty", ["", "\n\n", "# Only a title\n", "<div></div>"])
def test_a_document_without_text_has_no_passage(empty: str) -> None:
    assert read(empty, "empty").cuts == ()


def found(heading: str, content: str, distance: float) -> Found:
    return Found(1, "Handbook", "https://docs.test/h", heading, content, distance)


def test_an_answer_says_what_passages_say_and_whose_it_is() -> None:
    passages = [
        found("Other", "Nothing of it. See https://docs.test. Leave is long. Leave it. Sentences follow.", 0.3),
        found("Leave", "    leave --days\nLeave is 30 days.", 0.5),
        found("Far", "Leave is far away.", 0.9),
    ]
    answer = compose("What is leave?", passages)
    assert answer is not None
    # Whose heading is the question comes first.
    assert answer.text == "Leave is 30 days. [1]\n\nLeave is long. Leave it. [2]"
    assert [cited.title for cited in answer.citations] == ["Handbook: Leave", "Handbook: Other"]
    assert compose("What is leave?", passages[2:]) is None
    assert compose("What is leave?", [found("Leave", "    code alone", 0.1)]) is None
    assert compose("?", []) is None


async def test_the_local_model_knows_what_is_alike() -> None:
    model = LocalEmbeddings()
    rows, alike, other = [await model.embed(text) for text in ("two rows lock", "a deadlock of rows", "Paris")]
    assert len(rows) == DIMENSIONS
    assert math.hypot(*rows) == pytest.approx(1)
    assert np.dot(rows, alike) > 2 * np.dot(rows, other)
    with pytest.raises(EmbeddingRefused):
        await model.embed("")


def service(answer: Any) -> HttpEmbeddings:
    def handle(request: httpx.Request) -> httpx.Response:
        assert request.headers["Authorization"] == "Bearer secret"
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, httpx.Response) else httpx.Response(200, json=answer)

    client = httpx.AsyncClient(transport=httpx.MockTransport(handle))
    return HttpEmbeddings("https://models.test/v1/embeddings", "m", "secret", client)


async def test_a_service_is_asked_for_vectors_of_our_length() -> None:
    model = service({"data": [{"embedding": VECTOR}]})
    assert (await model.embed("text"))[:3] == pytest.approx([0.6, 0.8, 0.0])
    assert model.model == f"m-{DIMENSIONS}"
    await model.aclose()


@pytest.mark.parametrize(
    "answer",
    [
        {"data": [{"embedding": VECTOR[:-1]}]},
        {"data": [{"embedding": [math.nan] * DIMENSIONS}]},
        {"data": [{"embedding": ["a"] * DIMENSIONS}]},
        {"data": []},
        {},
        [],
        httpx.Response(200, text="secret"),
        httpx.Response(500, text="secret"),
        httpx.Response(429, text="secret"),
        httpx.ConnectError("secret"),
    ],
    ids=["another dimension", "NaN", "texts", "none", "empty", "a list", "no JSON", "500", "429", "unreachable"],
)
async def test_what_a_service_sends_else_is_no_vector_and_opens_the_breaker(answer: Any) -> None:
    model = service(answer)
    for _ in range(5):
        with pytest.raises(EmbeddingFailed) as raised:
            await model.embed("text")
        assert "secret" not in str(raised.value)
    with pytest.raises(CircuitOpen):
        await model.embed("text")


async def test_a_text_that_a_service_refuses_says_nothing_about_the_next() -> None:
    model = service(httpx.Response(413))
    for _ in range(30):
        with pytest.raises(EmbeddingRefused):
            await model.embed("text")


def test_the_environment_chooses_the_model() -> None:
    assert isinstance(chosen({}), LocalEmbeddings)
    given = {"CHAT_EMBEDDINGS_URL": "https://models.test/v1/embeddings", "CHAT_EMBEDDINGS_MODEL": "m"}
    assert chosen(given).model == f"m-{DIMENSIONS}"
