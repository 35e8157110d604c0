"""The operations of the app, each as it was and as it is: what `pgwright prove` measures.

`OPERATIONS` is for data of scale 1, or of the scale that the environment names in CHAT_SCALE. What the caches gain is
measured by `bench/chat.py`.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from chat.after import queries as after
from chat.after.queries import Turn, Visitor
from chat.answers import Answer, Cited
from chat.before import queries as before
from chat.before.models import KEPT, Conversation
from chat.data import key, row_counts, token
from chat.views import PAGE_ITEMS, ConversationView
from chat.web import session_id_of
from pgwright.proof.operations import AsyncCall, Operation
from pgwright_runtime.paging import Pager

SCALE_VARIABLE = "CHAT_SCALE"
_PAGER = Pager(secret="for measuring only")
_QUESTION = "What is VACUUM?"
_ANSWER = Answer(
    "It frees space. [1]", tuple(Cited(n, "VACUUM", "vacuum.md", "It frees space.", 0.2) for n in range(3))
)
_KEY = UUID(int=7)

Call = Callable[[AsyncSession, "Place"], Awaitable[object]]


class Place:
    """Whom and what the operations are about: a visitor who has not left, and the longest conversation."""

    def __init__(self, scale: float) -> None:
        # The last quarter's sessions have not ended.
        self.session_id = session_id_of(token(row_counts(scale)["user_sessions"] * 3 // 4))
        self.visitor = Visitor(key("user_sessions", 0), datetime.max.replace(tzinfo=UTC))
        self.conversation_id = key("conversations", 0)

    def turn(self) -> Turn:
        return Turn(self.visitor, _KEY, _QUESTION, self.conversation_id, datetime.now(UTC))


def operations(scale: float = 1.0) -> tuple[Operation, ...]:
    """Return the operations for data of this scale."""
    place = Place(scale)
    return tuple(Operation(name, _call(old, place), _call(new, place)) for name, old, new in _PAIRS)


def _call(call: Call, place: Place) -> AsyncCall:
    async def request(engine: AsyncEngine) -> object:
        # Never committed: whatever the call writes is rolled back.
        async with AsyncSession(engine) as session:
            found = await call(session, place)
        if not found:
            raise LookupError(f"nothing found; is {SCALE_VARIABLE} the scale that the data was loaded with?")
        return found

    return request


async def _find_before(session: AsyncSession, place: Place) -> object:
    found = await before.find_session(session, place.session_id)
    return found and found.id


async def _find_after(session: AsyncSession, place: Place) -> object:
    found = await after.find_visitor(session, place.session_id)
    return found and found.user_session_id


async def _list_before(session: AsyncSession, place: Place) -> object:
    return _living(await before.list_conversations(session, place.visitor.user_session_id))


async def _list_after(session: AsyncSession, place: Place) -> object:
    return _living(await after.list_conversations(session, place.visitor))


async def _history_before(session: AsyncSession, place: Place) -> object:
    return (await before.history(session, place.conversation_id)).items


async def _history_after(session: AsyncSession, place: Place) -> object:
    page = await _PAGER.page(session, after.history(place.visitor, place.conversation_id), size=PAGE_ITEMS)
    return [after.show_message(message) for message in page.items]


async def _store_before(session: AsyncSession, place: Place) -> object:
    conversation = await session.get_one(Conversation, place.conversation_id)
    reply = await before.store(session, conversation, _QUESTION, _ANSWER)
    return reply.text, reply.citations


async def _store_after(session: AsyncSession, place: Place) -> object:
    reply = await after.store(session, place.turn(), _ANSWER, "a model")
    return reply.text, reply.citations


def _living(views: Sequence[ConversationView]) -> object:
    """Return what both sides agree on: after, neither conversations nor messages that have expired are shown."""
    return [(view.id, view.created_at) for view in views if view.created_at + KEPT > datetime.now(UTC)]


_PAIRS: tuple[tuple[str, Call, Call], ...] = (
    ("find_visitor", _find_before, _find_after),
    ("list_conversations", _list_before, _list_after),
    ("show_history", _history_before, _history_after),
    ("store_answer", _store_before, _store_after),
)
OPERATIONS = operations(float(os.environ.get(SCALE_VARIABLE, "1")))
