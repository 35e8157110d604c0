"""The repositories before: every relationship is loaded when it is touched, one query a row (N+1)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from notebook.before.models import (
    Chunk,
    Conversation,
    Document,
    GenerationHistory,
    Job,
    Message,
    Notebook,
    Otp,
    Quiz,
    RefreshToken,
    Source,
    StudyGuide,
    User,
)
from notebook.views import (
    PREVIEW_CHARACTERS,
    ChunkView,
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
        user = await self.session.scalar(select(User).where(User.email == email))
        return UserView(UUID(user.id), user.email, user.full_name, user.is_active) if user else None

    async def get_by_refresh_token(self, token_hash: str) -> UserView | None:
        token = await self.session.scalar(select(RefreshToken).where(RefreshToken.token_hash == token_hash))
        if token is None:
            return None
        user: User = await token.awaitable_attrs.user
        return UserView(UUID(user.id), user.email, user.full_name, user.is_active)

    async def last_otp(self, user_id: str, purpose: str) -> datetime | None:
        """Return when the newest one-time password expires."""
        query = select(Otp).where(Otp.user_id == user_id, Otp.purpose == purpose).order_by(Otp.created_at.desc())
        otp = await self.session.scalar(query.limit(1))
        return otp.expires_at if otp else None


class NotebookRepository(Repository):
    async def list_by_owner(self, owner_id: str, limit: int = 50, offset: int = 0) -> list[NotebookSummary]:
        query = select(Notebook).where(Notebook.owner_id == owner_id).order_by(Notebook.created_at.desc())
        notebooks = await self.session.scalars(query.limit(limit).offset(offset))
        return [
            NotebookSummary(
                UUID(notebook.id),
                notebook.title,
                notebook.created_at,
                len(await notebook.awaitable_attrs.sources),
                len(await notebook.awaitable_attrs.conversations),
            )
            for notebook in notebooks.all()
        ]

    async def get_by_id_and_owner(self, notebook_id: str, owner_id: str) -> NotebookDetail | None:
        query = select(Notebook).where(Notebook.id == notebook_id, Notebook.owner_id == owner_id)
        notebook = await self.session.scalar(query)
        if notebook is None:
            return None
        sources: Sequence[Source] = await notebook.awaitable_attrs.sources
        summaries = [
            SourceSummary(
                UUID(source.id),
                source.title,
                source.kind,
                source.created_at,
                len(await source.awaitable_attrs.chunks),
            )
            for source in sorted(sources, key=lambda source: source.created_at)
        ]
        return NotebookDetail(
            UUID(notebook.id),
            notebook.title,
            notebook.description,
            notebook.created_at,
            tuple(summaries),
            len(await notebook.awaitable_attrs.conversations),
            len(await notebook.awaitable_attrs.quizzes),
            len(await notebook.awaitable_attrs.study_guides),
        )

    async def quiz_titles(self, notebook_id: str) -> list[str]:
        quizzes = await self.session.scalars(select(Quiz).where(Quiz.notebook_id == notebook_id))
        return sorted(quiz.title for quiz in quizzes)

    async def study_guide_titles(self, notebook_id: str) -> list[str]:
        guides = await self.session.scalars(select(StudyGuide).where(StudyGuide.notebook_id == notebook_id))
        return sorted(guide.title for guide in guides)


class SourceRepository(Repository):
    async def list_by_notebook(self, notebook_id: str) -> list[SourceDetail]:
        sources = await self.session.scalars(select(Source).where(Source.notebook_id == notebook_id))
        details = []
        for source in sorted(sources, key=lambda source: source.created_at):
            chunks: Sequence[Chunk] = await source.awaitable_attrs.chunks
            details.append(
                SourceDetail(
                    UUID(source.id),
                    source.title,
                    source.kind,
                    source.created_at,
                    len(chunks),
                    sum(chunk.token_count for chunk in chunks),
                    chunks[0].content[:PREVIEW_CHARACTERS] if chunks else "",
                )
            )
        return details

    async def read(self, source_id: str, first: int, last: int) -> list[ChunkView]:
        """Return the chunks of a source from one position to another, both included."""
        query = select(Chunk).where(Chunk.source_id == source_id, Chunk.position.between(first, last))
        chunks = await self.session.scalars(query.order_by(Chunk.position))
        return [ChunkView(chunk.position, chunk.content) for chunk in chunks]


class ConversationRepository(Repository):
    async def list_by_notebook(self, notebook_id: str, user_id: str, limit: int = 50) -> list[ConversationSummary]:
        query = (
            select(Conversation)
            .where(Conversation.user_id == user_id, Conversation.notebook_id == notebook_id)
            .order_by(Conversation.created_at.desc())
            .limit(limit)
        )
        summaries = []
        for conversation in (await self.session.scalars(query)).all():
            messages: Sequence[Message] = await conversation.awaitable_attrs.messages
            summaries.append(
                ConversationSummary(
                    UUID(conversation.id),
                    conversation.title,
                    conversation.created_at,
                    len(messages),
                    messages[-1].created_at if messages else None,
                    messages[-1].content[:PREVIEW_CHARACTERS] if messages else "",
                )
            )
        return summaries


class MessageRepository(Repository):
    async def page(self, conversation_id: str, user_id: str, limit: int = 50, offset: int = 0) -> MessagePage | None:
        conversation = await self.session.get(Conversation, conversation_id)
        if conversation is None:
            return None
        notebook: Notebook = await conversation.awaitable_attrs.notebook
        if notebook.owner_id != user_id:
            return None
        total = await self.session.scalar(
            select(func.count()).select_from(Message).where(Message.conversation_id == conversation_id)
        )
        query = select(Message).where(Message.conversation_id == conversation_id).order_by(Message.created_at.desc())
        messages = await self.session.scalars(query.limit(limit).offset(offset))
        return MessagePage(
            total or 0,
            tuple(MessageView(UUID(row.id), row.role, row.content, row.created_at) for row in messages),
        )

    async def post(self, conversation_id: str, user_id: str, role: str, content: str) -> MessageView | None:
        """Add a message; the caller commits."""
        conversation = await self.session.get(Conversation, conversation_id)
        if conversation is None or conversation.user_id != user_id:
            return None
        now = datetime.now(UTC)
        message = Message(
            conversation_id=conversation_id,
            role=role,
            content=content,
            token_count=len(content) // 4,
            created_at=now,
        )
        self.session.add(message)
        conversation.updated_at = now
        await self.session.flush()
        return MessageView(UUID(message.id), role, content, now)


class JobRepository(Repository):
    async def pending(self, limit: int = 50) -> list[JobView]:
        """Return what the workers poll for: the jobs that have waited longest."""
        query = select(Job).where(Job.status == "pending").order_by(Job.created_at).limit(limit)
        jobs = []
        for job in (await self.session.scalars(query)).all():
            document: Document = await job.awaitable_attrs.document
            owner: User = await document.awaitable_attrs.user
            jobs.append(
                JobView(
                    UUID(job.id),
                    job.kind,
                    job.status,
                    job.progress,
                    job.created_at,
                    UUID(document.id),
                    document.filename,
                    owner.email,
                )
            )
        return jobs

    async def add(self, document_id: str, kind: str) -> str:
        job = Job(document_id=document_id, kind=kind)
        self.session.add(job)
        await self.session.flush()
        return job.id

    async def update(self, job_id: str, status: str, progress: int) -> None:
        job = await self.session.get_one(Job, job_id)
        job.status, job.progress = status, progress
        if status == "completed":
            job.finished_at = datetime.now(UTC)
        await self.session.flush()


class DocumentRepository(Repository):
    async def find_by_hash(self, content_hash: str) -> UUID | None:
        """Return the first document with this content, so that no one stores it twice."""
        query = select(Document).where(Document.content_hash == content_hash).order_by(Document.created_at)
        document = await self.session.scalar(query.limit(1))
        return UUID(document.id) if document else None

    async def list_by_user(self, user_id: str, limit: int = 50) -> list[DocumentView]:
        query = select(Document).where(Document.user_id == user_id).order_by(Document.created_at.desc()).limit(limit)
        views = []
        for document in (await self.session.scalars(query)).all():
            jobs: Sequence[Job] = await document.awaitable_attrs.jobs
            last = max(jobs, key=lambda job: job.created_at, default=None)
            views.append(
                DocumentView(
                    UUID(document.id),
                    document.filename,
                    document.size_bytes,
                    document.created_at,
                    last.status if last else None,
                )
            )
        return views


class HistoryRepository(Repository):
    async def list_by_user(self, user_id: str, limit: int = 50) -> list[HistoryView]:
        query = (
            select(GenerationHistory)
            .where(GenerationHistory.user_id == user_id)
            .order_by(GenerationHistory.created_at.desc())
            .limit(limit)
        )
        rows = await self.session.scalars(query)
        return [
            HistoryView(UUID(row.id), row.kind, row.model, row.prompt_tokens + row.completion_tokens, row.created_at)
            for row in rows
        ]
