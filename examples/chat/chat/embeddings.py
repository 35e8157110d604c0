"""Texts as vectors: by a small model that comes with a package, or by a service over HTTP."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import files, version
from typing import Any, Protocol

import httpx
import numpy as np
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from pgwright_runtime.resilience import Breaker

DIMENSIONS = 256
"""Those of the columns."""
_PACKAGE, _MATRIX, _TOKENIZER = "wordllama", "l2_supercat_256.safetensors", "l2_supercat_tokenizer_config.json"
_TIME_LIMIT_S = 10.0
# What is wrong with the text, and will be at the next try.
_REFUSED = (400, 413, 422)


class Embeddings(Protocol):
    """A model. One that gives other vectors has another name."""

    model: str

    async def embed(self, text: str) -> Sequence[float]:
        """Return the text's vector, of `DIMENSIONS` numbers and the length 1.

        Raises:
            EmbeddingRefused: the model gives none of this text.
            EmbeddingFailed: it does not answer, or with something else.
        """


class EmbeddingFailed(Exception):
    """A model gave no vector, or one that is not of our columns' dimensions."""


class EmbeddingRefused(EmbeddingFailed):
    """A model is well, and gives no vector of this text."""


class LocalEmbeddings:
    """The static model of the package wordllama, read from its files: its own `load()` asks the network.

    A text's vector is the mean of its tokens' rows.
    """

    def __init__(self) -> None:
        self.model = f"{_PACKAGE}-{version(_PACKAGE)}-{DIMENSIONS}"
        paths = {path.name: str(path.locate()) for path in files(_PACKAGE) or ()}
        self._rows = load_file(paths[_MATRIX])["embedding.weight"].astype(np.float32)
        self._tokenizer = Tokenizer.from_file(paths[_TOKENIZER])

    async def embed(self, text: str) -> Sequence[float]:
        tokens = self._tokenizer.encode(text, add_special_tokens=False).ids
        if not tokens:
            raise EmbeddingRefused("a text without a token has no vector")
        return unit(self._rows[tokens].mean(axis=0))


class HttpEmbeddings:
    """A service with the interface that most of them have: `POST /v1/embeddings`.

    Args:
        url: in whole, as "https://models.example/v1/embeddings".
        model: as the service names it.
        key: its secret; None: it needs none.
        client: makes the requests; None: one of its own.
    """

    def __init__(self, url: str, model: str, key: str | None = None, client: httpx.AsyncClient | None = None) -> None:
        self.model = f"{model}-{DIMENSIONS}"
        self._url, self._asked = url, {"model": model, "dimensions": DIMENSIONS}
        self._headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        self._client = client or httpx.AsyncClient(timeout=_TIME_LIMIT_S)
        self._breaker = Breaker("embeddings", is_failure=lambda error: not isinstance(error, EmbeddingRefused))

    async def embed(self, text: str) -> Sequence[float]:
        asked = {**self._asked, "input": text}
        async with self._breaker:
            try:
                response = await self._client.post(self._url, headers=self._headers, json=asked)
                if response.status_code in _REFUSED:
                    raise EmbeddingRefused(f"the service of embeddings refused a text with {response.status_code}")
                return vector_in(response.raise_for_status().json())
            except (httpx.HTTPError, ValueError) as error:
                # Neither its address nor its answer, in which the key may be.
                raise EmbeddingFailed(f"the service of embeddings failed: {type(error).__name__}") from None

    async def aclose(self) -> None:
        await self._client.aclose()


def vector_in(answer: Any) -> Sequence[float]:
    """Return the vector in a service's answer. Raises: ValueError: there is none, or one of other dimensions."""
    try:
        vector = np.asarray(answer["data"][0]["embedding"], np.float32)
    except (KeyError, IndexError, TypeError) as error:
        raise ValueError("the answer has no embedding") from error
    if vector.shape != (DIMENSIONS,) or not np.isfinite(vector).all():
        raise ValueError(f"the embedding has not {DIMENSIONS} numbers")
    return unit(vector)


def unit(vector: np.ndarray[Any, Any]) -> list[float]:
    """Return the vector of the length 1 in the same direction. Raises: EmbeddingRefused: it has no direction."""
    length = float(np.linalg.norm(vector))
    if not length:
        raise EmbeddingRefused("a vector of zeros has no direction")
    found: list[float] = (vector / length).tolist()
    return found


def chosen(environment: Mapping[str, str]) -> Embeddings:
    """Return the model that CHAT_EMBEDDINGS_URL, _MODEL and _KEY name; without a URL, the local one."""
    url = environment.get("CHAT_EMBEDDINGS_URL")
    if not url:
        return LocalEmbeddings()
    return HttpEmbeddings(url, environment["CHAT_EMBEDDINGS_MODEL"], environment.get("CHAT_EMBEDDINGS_KEY"))
