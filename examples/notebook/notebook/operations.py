"""The operations of the app, each as it was and as it is: what `pgwright prove` measures.

`OPERATIONS` is for data of scale 1, or of the scale that the environment names in NOTEBOOK_SCALE.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from weakref import WeakKeyDictionary

from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from notebook.after import repositories as after
from notebook.arguments import Arguments, arguments
from notebook.before import repositories as before
from notebook.views import MessageView
from pgwright.proof.operations import AsyncCall, Operation
from pgwright_runtime.soft_delete import hide_deleted

SCALE_VARIABLE = "NOTEBOOK_SCALE"

Call = Callable[[AsyncSession, Arguments], Awaitable[object]]


def operations(scale: float = 1.0) -> tuple[Operation, ...]:
    """Return the operations, with the arguments for data of this scale."""
    given = arguments(scale)
    return tuple(Operation(name, _request(old, given), _request(new, given, _hiding)) for name, old, new in _PAIRS)


def _request(call: Call, given: Arguments, prepared: Callable[[AsyncEngine], AsyncEngine] | None = None) -> AsyncCall:
    async def request(engine: AsyncEngine) -> object:
        # Never committed: whatever the call writes is rolled back.
        async with AsyncSession(prepared(engine) if prepared else engine) as session:
            found = await call(session, given)
        if not found:
            raise LookupError(f"nothing found; is {SCALE_VARIABLE} the scale that the data was loaded with?")
        return found

    return request


_copies: WeakKeyDictionary[AsyncEngine, AsyncEngine] = WeakKeyDictionary()


def _hiding(engine: AsyncEngine) -> AsyncEngine:
    """Return the copy of an engine that hides deleted rows: one, for it keeps the statements that it compiled."""
    if engine not in _copies:
        _copies[engine] = hide_deleted(engine)
    return _copies[engine]


async def _post_before(session: AsyncSession, given: Arguments) -> object:
    repository = before.MessageRepository(session)
    return _said(await repository.post(str(given.talk), str(given.talker), "user", "And what does the map show?"))


async def _post_after(session: AsyncSession, given: Arguments) -> object:
    repository = after.MessageRepository(session)
    return _said(await repository.post(given.talk, given.talker, "user", "And what does the map show?"))


def _said(message: MessageView | None) -> object:
    """Return what is the same each time: its id and its time are not."""
    return message and (message.role, message.content)


_PAIRS: tuple[tuple[str, Call, Call], ...] = (
    (
        "list_notebooks",
        lambda session, given: before.NotebookRepository(session).list_by_owner(str(given.owner)),
        lambda session, given: after.NotebookRepository(session).list_by_owner(given.owner),
    ),
    (
        "get_notebook",
        lambda session, given: before.NotebookRepository(session).get_by_id_and_owner(
            str(given.page), str(given.reader)
        ),
        lambda session, given: after.NotebookRepository(session).get_by_id_and_owner(given.page, given.reader),
    ),
    (
        "list_sources",
        lambda session, given: before.SourceRepository(session).list_by_notebook(str(given.page)),
        lambda session, given: after.SourceRepository(session).list_by_notebook(given.page),
    ),
    (
        "list_conversations",
        lambda session, given: before.ConversationRepository(session).list_by_notebook(
            str(given.desk), str(given.writer)
        ),
        lambda session, given: after.ConversationRepository(session).list_by_notebook(given.desk, given.writer),
    ),
    (
        "list_messages",
        lambda session, given: before.MessageRepository(session).page(str(given.talk), str(given.talker)),
        lambda session, given: after.MessageRepository(session).page(given.talk, given.talker),
    ),
    ("post_message", _post_before, _post_after),
    (
        "job_polling",
        lambda session, given: before.JobRepository(session).pending(),
        lambda session, given: after.JobRepository(session).pending(),
    ),
    (
        "login_by_email",
        lambda session, given: before.UserRepository(session).get_by_email(given.email),
        lambda session, given: after.UserRepository(session).get_by_email(given.email),
    ),
    (
        "list_documents",
        lambda session, given: before.DocumentRepository(session).list_by_user(str(given.uploader)),
        lambda session, given: after.DocumentRepository(session).list_by_user(given.uploader),
    ),
    (
        "deduplicate_document",
        lambda session, given: before.DocumentRepository(session).find_by_hash(given.content_hash),
        lambda session, given: after.DocumentRepository(session).find_by_hash(given.content_hash),
    ),
)

OPERATIONS = operations(float(os.environ.get(SCALE_VARIABLE, "1")))
