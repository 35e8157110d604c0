"""Plays the use of the app through its repositories as they were before, so that the server's statistics hold it.

Each call asks for other rows, the same ones at every run. Each `post_message` adds a message, each `work_off_job` a
completed job; nothing else changes the number of rows.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from hashlib import sha256
from random import Random

from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from notebook.address import to_url
from notebook.before import repositories as before
from notebook.data import key, parent, row_counts

Progress = Callable[[str, int, int], None]
"""Called with the name of a call, the calls done and the calls in all."""


# The oldest rows have hundreds of children; before the fix, one page of theirs takes half a minute.
_GIANTS = 0.02


class Visitor:
    """Draws whom and what the next call is about; who has been here longest comes most, but for the giants."""

    def __init__(self, scale: float) -> None:
        self.counts = row_counts(scale)
        self.random = Random(20)

    def number(self, table: str) -> int:
        return int(self.counts[table] * (_GIANTS + (1 - _GIANTS) * self.random.random() ** 2))

    def key(self, table: str) -> str:
        return str(key(table, self.number(table)))

    def notebook(self) -> tuple[str, str]:
        """Return a notebook and its owner."""
        number = self.number("notebooks")
        return str(key("notebooks", number)), self._owner(number)

    def conversation(self) -> tuple[str, str]:
        """Return a conversation and its user."""
        number = self.number("conversations")
        return str(key("conversations", number)), self._owner(parent("conversations", number, "notebooks", self.counts))

    def hash_of(self, kind: str, table: str) -> str:
        return sha256(f"{kind}{self.number(table)}".encode()).hexdigest()

    def _owner(self, notebook: int) -> str:
        return str(key("users", parent("notebooks", notebook, "users", self.counts)))


Call = Callable[[AsyncSession, Visitor], Awaitable[object]]


async def _post_message(session: AsyncSession, visitor: Visitor) -> None:
    await before.MessageRepository(session).post(*visitor.conversation(), "user", "What does the second source say?")
    await session.commit()


async def _work_off_job(session: AsyncSession, visitor: Visitor) -> None:
    repository = before.JobRepository(session)
    job_id = await repository.add(visitor.key("documents"), "embed")
    await session.commit()
    for status, progress in (("processing", 0), ("processing", 50), ("completed", 100)):
        await repository.update(job_id, status, progress)
        await session.commit()


async def _read_chunks(session: AsyncSession, visitor: Visitor) -> None:
    """Read three neighbouring chunks, as an answer cites them."""
    first = visitor.random.randrange(5)
    await before.SourceRepository(session).read(visitor.key("sources"), first, first + 2)


async def _page_deep(session: AsyncSession, visitor: Visitor) -> None:
    """Scroll far back in the longest conversation."""
    user = str(key("users", parent("notebooks", 0, "users", visitor.counts)))
    offset = 50 * visitor.random.randrange(20, 60)
    await before.MessageRepository(session).page(str(key("conversations", 0)), user, offset=offset)


# How often each call comes, relative to the others.
MIX: dict[str, tuple[int, Call]] = {
    "job_polling": (80, lambda session, visitor: before.JobRepository(session).pending()),
    "login_by_email": (
        60,
        lambda session, visitor: before.UserRepository(session).get_by_email(
            f"user{visitor.number('users')}@example.org"
        ),
    ),
    "refresh_session": (
        40,
        lambda session, visitor: before.UserRepository(session).get_by_refresh_token(
            visitor.hash_of("token", "refresh_tokens")
        ),
    ),
    "check_otp": (
        15,
        lambda session, visitor: before.UserRepository(session).last_otp(visitor.key("users"), "login"),
    ),
    "list_notebooks": (
        16,
        lambda session, visitor: before.NotebookRepository(session).list_by_owner(visitor.key("users")),
    ),
    "get_notebook": (
        12,
        lambda session, visitor: before.NotebookRepository(session).get_by_id_and_owner(*visitor.notebook()),
    ),
    "list_sources": (
        8,
        lambda session, visitor: before.SourceRepository(session).list_by_notebook(visitor.key("notebooks")),
    ),
    "read_chunks": (20, _read_chunks),
    "list_conversations": (
        7,
        lambda session, visitor: before.ConversationRepository(session).list_by_notebook(*visitor.notebook()),
    ),
    "list_messages": (
        20,
        lambda session, visitor: before.MessageRepository(session).page(*visitor.conversation()),
    ),
    "page_deep": (4, _page_deep),
    "post_message": (40, _post_message),
    "work_off_job": (10, _work_off_job),
    "list_documents": (
        8,
        lambda session, visitor: before.DocumentRepository(session).list_by_user(visitor.key("users")),
    ),
    "deduplicate_document": (
        15,
        lambda session, visitor: before.DocumentRepository(session).find_by_hash(
            visitor.hash_of("content", "documents")
        ),
    ),
    "list_history": (
        12,
        lambda session, visitor: before.HistoryRepository(session).list_by_user(visitor.key("users")),
    ),
    "list_quizzes": (
        8,
        lambda session, visitor: before.NotebookRepository(session).quiz_titles(visitor.key("notebooks")),
    ),
    "list_study_guides": (
        6,
        lambda session, visitor: before.NotebookRepository(session).study_guide_titles(visitor.key("notebooks")),
    ),
}
DEFAULT_CALLS = sum(weight for weight, _ in MIX.values())


def replay(dsn: str, calls: int = DEFAULT_CALLS, progress: Progress | None = None, *, scale: float = 1.0) -> int:
    """Play about so many calls, one after the other, in a fixed random order.

    Args:
        dsn: the database at revision "0001", filled by `notebook.data.load`.
        calls: in all; each kind comes at least once.
        progress: told about each call.
        scale: the scale that the data was loaded with.
    Returns: The number of calls played.
    """
    return asyncio.run(_play(dsn, calls, progress or (lambda name, done, total: None), Visitor(scale)))


async def _play(dsn: str, calls: int, report: Progress, visitor: Visitor) -> int:
    share = calls / DEFAULT_CALLS
    names = [name for name, (weight, _) in MIX.items() for _ in range(max(1, round(weight * share)))]
    visitor.random.shuffle(names)
    engine = create_async_engine(to_url(dsn, "asyncpg"))
    try:
        for done, name in enumerate(names, start=1):
            async with AsyncSession(engine) as session:
                await MIX[name][1](session, visitor)
            report(name, done, len(names))
    finally:
        await engine.dispose()
    return len(names)
