"""Plays the use of the app through its queries as they were before, so that the server's statistics hold it.

    python -m chat.replay --scale 0.1

Each call asks for other rows, the same ones at every run. Each `ask` adds a question and its answer; nothing else
changes the number of rows.
"""

from __future__ import annotations

import argparse
import asyncio
import os
from collections.abc import Awaitable, Callable
from random import Random
from uuid import UUID

from sqlalchemy import URL
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from chat.address import to_url
from chat.answers import Answer, Cited
from chat.before import queries
from chat.before.models import Conversation
from chat.data import key, row_counts, token
from chat.web import session_id_of

Progress = Callable[[str, int, int], None]
"""Called with the name of a call, the calls done and the calls in all."""

_ANSWER = Answer("It frees space. [1]", (Cited(1, "VACUUM", "vacuum.md", "It frees space.", 0.2),))


class Visitor:
    """Draws whom and what the next call is about; who has been here longest comes most."""

    def __init__(self, scale: float) -> None:
        self.counts = row_counts(scale)
        self.random = Random(20)

    def session_id(self) -> str:
        return session_id_of(token(self._number("user_sessions")))

    def key(self, table: str) -> UUID:
        return key(table, self._number(table))

    def _number(self, table: str) -> int:
        return int(self.counts[table] * self.random.random() ** 2)


Call = Callable[[AsyncSession, Visitor], Awaitable[object]]


async def _ask(session: AsyncSession, visitor: Visitor) -> None:
    await queries.find_session(session, visitor.session_id())
    conversation = await session.get_one(Conversation, visitor.key("conversations"))
    await queries.store(session, conversation, "What is VACUUM?", _ANSWER)
    await session.commit()


# How often each call comes, relative to the others.
MIX: dict[str, tuple[int, Call]] = {
    "ask": (100, _ask),
    "find_session": (100, lambda session, visitor: queries.find_session(session, visitor.session_id())),
    "history": (60, lambda session, visitor: queries.history(session, visitor.key("conversations"))),
    "list_conversations": (
        20,
        lambda session, visitor: queries.list_conversations(session, visitor.key("user_sessions")),
    ),
}
DEFAULT_CALLS = sum(weight for weight, _ in MIX.values())


def replay(url: str | URL, scale: float = 1.0, calls: int = DEFAULT_CALLS, progress: Progress | None = None) -> int:
    """Play about so many calls, one after the other, in a fixed random order.

    Args:
        url: the database at revision "0001", filled by `chat.data.load`.
        scale: the scale that the data was loaded with.
        calls: in all; each kind comes at least once.
        progress: told about each call.
    Returns: The number of calls played.
    """
    return asyncio.run(_play(url, calls, progress or (lambda name, done, total: None), Visitor(scale)))


async def _play(url: str | URL, calls: int, report: Progress, visitor: Visitor) -> int:
    share = calls / DEFAULT_CALLS
    names = [name for name, (weight, _) in MIX.items() for _ in range(max(1, round(weight * share)))]
    visitor.random.shuffle(names)
    engine = create_async_engine(to_url(url, "asyncpg"))
    try:
        for done, name in enumerate(names, start=1):
            async with AsyncSession(engine) as session:
                await MIX[name][1](session, visitor)
            report(name, done, len(names))
    finally:
        await engine.dispose()
    return len(names)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m chat.replay", description="Play the use of the app before.")
    parser.add_argument("--database-url", default=os.environ.get("DATABASE_URL"), help="default: DATABASE_URL")
    parser.add_argument("--scale", type=float, default=1.0, help="the scale that the data was loaded with")
    parser.add_argument("--calls", type=int, default=DEFAULT_CALLS)
    given = parser.parse_args(arguments)
    if not given.database_url:
        parser.error("no database was named. Give --database-url, or set DATABASE_URL.")
    print(f"{replay(given.database_url, given.scale, given.calls)} calls played")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
