"""One connection for all who ask at the same moment: a burst is a few pipelines, not as many connections."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha1
from typing import Any

from pgwright_runtime.limits.errors import StoreLost

try:
    from redis.exceptions import NoScriptError, RedisError
except ModuleNotFoundError as error:
    raise ImportError("RedisCounts needs redis. Run: pip install 'pgwright-runtime[limits]'") from error

# What is sent together, so that the first of many need not wait for the last.
_BATCH = 100


@dataclass(frozen=True, slots=True, eq=False)
class _Question:
    keys: Sequence[str]
    values: Sequence[int]
    answer: asyncio.Future[Any]


class RedisLine:
    """Runs a script on one client of redis-py; it belongs to one event loop."""

    def __init__(self, client: Any, script: str) -> None:
        self._client, self._script = client, script
        self._sha1 = sha1(script.encode(), usedforsecurity=False).hexdigest()
        self._asked: list[_Question] = []
        self._sender: asyncio.Future[None] | None = None

    async def ask(self, keys: Sequence[str], values: Sequence[int]) -> Any:
        """Return the script's answer.

        Raises: StoreLost: there is none.
        """
        question = _Question(keys, values, asyncio.get_running_loop().create_future())
        self._asked.append(question)
        if self._sender is None or self._sender.done():
            self._sender = asyncio.ensure_future(self._send())
        return await question.answer

    async def aclose(self) -> None:
        if self._sender is not None:
            self._sender.cancel()
        for question in self._asked:
            question.answer.cancel()
        await self._client.aclose()

    async def _send(self) -> None:
        while self._asked:
            batch, self._asked = self._asked[:_BATCH], self._asked[_BATCH:]
            if batch := [question for question in batch if not question.answer.done()]:
                await self._answer(batch)

    async def _answer(self, batch: Sequence[_Question]) -> None:
        sending, waiting = asyncio.ensure_future(self._run(batch)), len(batch)

        def left(_: object) -> None:
            # With the last one who waits, the connection is given up, or the next ones would wait behind it.
            nonlocal waiting
            waiting -= 1
            if not waiting:
                sending.cancel()

        for question in batch:
            question.answer.add_done_callback(left)
        try:
            await asyncio.wait((sending,))
        except asyncio.CancelledError:
            for question in batch:
                question.answer.cancel()
            raise
        for question, answer in zip(batch, _outcomes(sending, len(batch)), strict=True):
            if question.answer.done():
                continue
            if isinstance(answer, BaseException):
                question.answer.set_exception(answer)
            else:
                question.answer.set_result(answer)

    async def _run(self, batch: Sequence[_Question]) -> list[Any]:
        answers = await self._pipeline(batch)
        if any(isinstance(answer, NoScriptError) for answer in answers):
            # A server that was restarted. What of the batch it ran already is not run again.
            await self._client.script_load(self._script)
            unknown = [place for place, answer in enumerate(answers) if isinstance(answer, NoScriptError)]
            again = await self._pipeline([batch[place] for place in unknown])
            for place, answer in zip(unknown, again, strict=True):
                answers[place] = answer
        return answers

    async def _pipeline(self, batch: Sequence[_Question]) -> list[Any]:
        async with self._client.pipeline(transaction=False) as pipeline:
            for question in batch:
                pipeline.evalsha(self._sha1, len(question.keys), *question.keys, *question.values)
            answers: list[Any] = await pipeline.execute(raise_on_error=False)
        return answers


def _outcomes(sending: asyncio.Future[list[Any]], count: int) -> list[Any]:
    if sending.cancelled():
        return [StoreLost("nobody waited any longer")] * count
    error = sending.exception()
    return [_lost(answer) for answer in ([error] * count if error else sending.result())]


def _lost(answer: Any) -> Any:
    if not isinstance(answer, (RedisError, OSError)):
        return answer
    lost = StoreLost(str(answer))
    lost.__cause__ = answer
    return lost
