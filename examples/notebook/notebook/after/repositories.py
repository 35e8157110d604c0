"""The repositories after: one or two queries an operation, whatever the number of rows.

None of them names the deleted rows: their sessions come from `hide_deleted`, which keeps them out of every statement.
"""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import Select, func, insert, literal, select, true, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload, with_expression

from notebook.after.models import (
    Chunk,
    Conversation,
    Document,
    GenerationHistory,
    Job,
    Message,
    Notebook,
    Quiz,
    Source,
    StudyGuide,
    User,
)
from notebook.after.queries import Cursor, count_of, page_of
from notebook.views import (
    PREVIEW_CHARACTERS,
    ConversationSummary,
    DocumentView,
    HistoryView,
    JobView,
    MessagePage,
    MessageView,
    NotebookDetail,
    NotebookSummary,
    SourceDetail,
    SourceSummary,
    UserView,
)


class Repository:
    def __init__(self, session: AsyncSession) -> None:
        self.session = session


class UserRepository(Repository):
    async def get_by_email(self, email: str) -> UserView | None:
        columns = select(User.id, User.email, User.full_name, User.is_active)
        row = (await self.session.execute(columns.where(User.email == email))).one_or_none()
        return UserView(*row) if row else None


class NotebookRepository(Repository):
    async def list_by_owner(
        self, owner_id: UUID, limit: int = 50, after: Cursor | None = None
    ) -> list[NotebookSummary]:
        query = select(
            Notebook.id,
            Notebook.title,
            Notebook.created_at,
            count_of(Source.notebook_id, Notebook.id),
            count_of(Conversation.notebook_id, Notebook.id),
        ).where(Notebook.owner_id == owner_id)
        rows = await self.session.execute(page_of(query, Notebook, limit, after))
        return [NotebookSummary(*row) for row in rows]

    async def get_by_id_and_owner(self, notebook_id: UUID, owner_id: UUID) -> NotebookDetail | None:
        chunks = with_expression(Source.chunk_count, count_of(Chunk.source_id, Source.id))
        query = (
            select(
                Notebook,
                count_of(Conversation.notebook_id, Notebook.id),
                count_of(Quiz.notebook_id, Notebook.id),
                count_of(StudyGuide.notebook_id, Notebook.id),
            )
            .where(Notebook.id == notebook_id, Notebook.owner_id == owner_id)
            .options(selectinload(Notebook.sources).options(chunks))
        )
        row = (await self.session.execute(query)).one_or_none()
        if row is None:
            return None
        notebook, conversation_count, quiz_count, study_guide_count = row
        return NotebookDetail(
            notebook.id,
            notebook.title,
            notebook.description,
            notebook.created_at,
            tuple(
                SourceSummary(source.id, source.title, source.kind, source.created_at, source.chunk_count)
                for source in notebook.sources
            ),
            conversation_count,
            quiz_count,
            study_guide_count,
        )

    async def is_owned(self, notebook_id: UUID, owner_id: UUID) -> bool:
        query = select(Notebook.id).where(Notebook.id == notebook_id, Notebook.owner_id == owner_id)
        return await self.session.scalar(query) is not None

    async def add(self, owner_id: UUID, title: str, description: str) -> UUID | None:
        """Add a notebook; None when there is no such user."""
        return await self.session.scalar(
            insert(Notebook)
            .from_select(
                ["owner_id", "title", "description"],
                select(User.id, literal(title), literal(description)).where(User.id == owner_id),
            )
            .returning(Notebook.id)
        )


class SourceRepository(Repository):
    async def list_by_notebook(self, notebook_id: UUID) -> list[SourceDetail]:
        of_source = Chunk.source_id == Source.id
        totals = select(func.count().label("chunks"), func.coalesce(func.sum(Chunk.token_count), 0).label("tokens"))
        total = totals.where(of_source).correlate(Source).lateral()
        first = select(func.left(Chunk.content, PREVIEW_CHARACTERS)).where(of_source).order_by(Chunk.position)
        query = (
            select(
                Source.id,
                Source.title,
                Source.kind,
                Source.created_at,
                total.c.chunks,
                total.c.tokens,
                func.coalesce(first.limit(1).correlate(Source).scalar_subquery(), ""),
            )
            .join(total, true())
            .where(Source.notebook_id == notebook_id)
            .order_by(Source.created_at, Source.id)
        )
        return [SourceDetail(*row) for row in await self.session.execute(query)]


class ConversationRepository(Repository):
    async def list_by_notebook(
        self, notebook_id: UUID, user_id: UUID, limit: int = 50, after: Cursor | None = None
    ) -> list[ConversationSummary]:
        last = (
            select(Message.created_at, func.left(Message.content, PREVIEW_CHARACTERS).label("preview"))
            .where(Message.conversation_id == Conversation.id)
            .order_by(Message.created_at.desc())
            .limit(1)
            .correlate(Conversation)
            .lateral()
        )
        query = (
            select(
                Conversation.id,
                Conversation.title,
                Conversation.created_at,
                count_of(Message.conversation_id, Conversation.id),
                last.c.created_at,
                func.coalesce(last.c.preview, ""),
            )
            .outerjoin(last, true())
            .where(Conversation.notebook_id == notebook_id, Conversation.user_id == user_id)
        )
        rows = await self.session.execute(page_of(query, Conversation, limit, after))
        return [ConversationSummary(*row) for row in rows]


class MessageRepository(Repository):
    async def page(
        self, conversation_id: UUID, user_id: UUID, limit: int = 50, after: Cursor | None = None
    ) -> MessagePage | None:
        conversation = (
            select(count_of(Message.conversation_id, Conversation.id))
            .select_from(Conversation)
            .join(Notebook, Notebook.id == Conversation.notebook_id)
            .where(Conversation.id == conversation_id, Notebook.owner_id == user_id)
        )
        total = await self.session.scalar(conversation)
        if total is None:
            return None
        query = select(Message.id, Message.role, Message.content, Message.created_at).where(
            Message.conversation_id == conversation_id
        )
        rows = await self.session.execute(page_of(query, Message, limit, after))
        return MessagePage(total, tuple(MessageView(*row) for row in rows))

    async def post(self, conversation_id: UUID, user_id: UUID, role: str, content: str) -> MessageView | None:
        """Add a message; the caller commits. None when there is no such conversation of the user."""
        now = datetime.now(UTC)
        touched = await self.session.scalar(
            update(Conversation)
            .where(Conversation.id == conversation_id, Conversation.user_id == user_id)
            .values(updated_at=now)
            .returning(Conversation.id)
        )
        if touched is None:
            return None
        message = Message(
            conversation_id=conversation_id,
            role=role,
            content=content,
            token_count=len(content) // 4,
            created_at=now,
        )
        self.session.add(message)
        await self.session.flush()
        return MessageView(message.id, role, content, now)


class JobRepository(Repository):
    async def pending(self, limit: int = 50) -> list[JobView]:
        """Return what the workers poll for: the jobs that have waited longest."""
        # Written out, not bound: a generic plan could not know that the partial index serves it.
        is_pending = Job.status == literal("pending", literal_execute=True)
        query = _jobs().where(is_pending).order_by(Job.created_at, Job.id).limit(limit)
        return [JobView(*row) for row in await self.session.execute(query)]

    async def get(self, job_id: UUID, user_id: UUID) -> JobView | None:
        """Return a job on one of the user's documents: what the browser polls for."""
        query = _jobs().where(Job.id == job_id, Document.user_id == user_id)
        row = (await self.session.execute(query)).one_or_none()
        return JobView(*row) if row else None


class DocumentRepository(Repository):
    async def find_by_hash(self, content_hash: str) -> UUID | None:
        """Return the first document with this content, so that no one stores it twice."""
        query = select(Document.id).where(Document.content_hash == content_hash)
        return await self.session.scalar(query.order_by(Document.created_at, Document.id).limit(1))

    async def list_by_user(self, user_id: UUID, limit: int = 50, after: Cursor | None = None) -> list[DocumentView]:
        statuses = select(Job.status).where(Job.document_id == Document.id)
        last_status = statuses.order_by(Job.created_at.desc()).limit(1).correlate(Document).scalar_subquery()
        query = select(Document.id, Document.filename, Document.size_bytes, Document.created_at, last_status).where(
            Document.user_id == user_id
        )
        rows = await self.session.execute(page_of(query, Document, limit, after))
        return [DocumentView(*row) for row in rows]


class HistoryRepository(Repository):
    async def list_by_user(self, user_id: UUID, limit: int = 50, after: Cursor | None = None) -> list[HistoryView]:
        entry = GenerationHistory
        query = select(
            entry.id, entry.kind, entry.model, entry.prompt_tokens + entry.completion_tokens, entry.created_at
        ).where(entry.user_id == user_id)
        rows = await self.session.execute(page_of(query, entry, limit, after))
        return [HistoryView(*row) for row in rows]


def _jobs() -> Select[UUID, str, str, int, datetime, UUID, str, str]:
    """Return jobs with their documents and owners, in the order of `JobView`."""
    return (
        select(
            Job.id,
            Job.kind,
            Job.status,
            Job.progress,
            Job.created_at,
            Document.id,
            Document.filename,
            User.email,
        )
        .join(Document, Document.id == Job.document_id)
        .join(User, User.id == Document.user_id)
    )
