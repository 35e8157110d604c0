"""The mixin on tables of the app's own: new ones, and those that it has already."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations, ops
from sqlalchemy import Engine, Enum, MetaData, String, Text, create_engine, text
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, declarative_base, mapped_column

from pgwright_runtime.jobs import JobMixin, JobStates, Worker, enqueue, queue_of
from tests.support.database import Database


@pytest.fixture
def engine(database: Database) -> Iterator[Engine]:
    made = create_engine(database.url("psycopg"))
    yield made
    made.dispose()


class State(enum.Enum):
    QUEUED = "queued"
    STARTED = "started"
    FINISHED = "finished"
    FAILED = "failed"


def models_like_the_notebook() -> tuple[type[DeclarativeBase], Any]:
    class Base(DeclarativeBase):
        type_annotation_map = {str: String(255)}

    class Job(JobMixin, Base):
        __tablename__ = "jobs"
        job_states = JobStates(running="processing", done="completed", dead="failed")
        id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
        document_id: Mapped[UUID]
        kind: Mapped[str]
        status: Mapped[str] = mapped_column(default="pending")
        progress: Mapped[int] = mapped_column(default=0)
        log: Mapped[str] = mapped_column(Text, default="")

    return Base, Job


OLD_TABLE = """
    CREATE TABLE jobs (id uuid PRIMARY KEY, document_id uuid NOT NULL, kind varchar(255) NOT NULL,
        status varchar(255) NOT NULL, progress int NOT NULL, log text NOT NULL, finished_at timestamptz);
    INSERT INTO jobs SELECT gen_random_uuid(), gen_random_uuid(), 'embed', 'completed', 100, 'old', now()
        FROM generate_series(1, 50);
    INSERT INTO jobs SELECT gen_random_uuid(), gen_random_uuid(), 'embed', 'pending', 0, '', NULL
        FROM generate_series(1, 3)
"""


def test_autogenerate_adds_what_an_old_table_lacks_without_rewriting_it(database: Database, engine: Engine) -> None:
    database.execute(OLD_TABLE)
    base, job = models_like_the_notebook()
    (file,) = database.rows("SELECT pg_relation_filenode('jobs')")
    with engine.begin() as connection:
        context = MigrationContext.configure(connection)
        operations = Operations(context)
        from alembic.autogenerate import produce_migrations

        script = produce_migrations(context, base.metadata)
        assert script.upgrade_ops is not None
        added = list(_flat(script.upgrade_ops))
        assert {type(each) for each in added} == {ops.AddColumnOp, ops.CreateIndexOp}
        for each in added:
            operations.invoke(each)
        assert compare_metadata(MigrationContext.configure(connection), base.metadata) == []
    assert database.rows("SELECT pg_relation_filenode('jobs')") == [file]
    done: list[UUID] = []
    Worker(engine=engine, model=job, handlers={"embed": lambda _, job: done.append(job.id)}).run(until_idle=True)
    assert len(set(done)) == 3
    assert database.rows("SELECT status, count(*) FROM jobs GROUP BY 1") == [("completed", 53)]


def _flat(container: Any) -> Iterator[Any]:
    for each in container.ops:
        if hasattr(each, "ops"):
            yield from _flat(each)
        else:
            yield each


def test_status_may_be_an_enum_of_the_database_and_columns_have_other_names(engine: Engine) -> None:
    class Base(DeclarativeBase):
        metadata = MetaData(schema="work")

    class Task(JobMixin, Base):
        __tablename__ = "Background Tasks %"
        job_states = JobStates(State.QUEUED, State.STARTED, State.FINISHED, State.FAILED)
        number: Mapped[int] = mapped_column("Task %", primary_key=True)
        kind: Mapped[str] = mapped_column("task_type")
        payload: Mapped[Any] = mapped_column("arguments", Text, default="")
        status: Mapped[State] = mapped_column(Enum(State, name="state"), default=State.QUEUED)

    def fail(session: Session, task: Task) -> None:
        raise ValueError("no \0 way")

    with engine.begin() as connection:
        connection.execute(text("CREATE SCHEMA work"))
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        enqueue(session, Task(kind="good"), Task(kind="bad", max_attempts=2), Task(kind="other"))
        session.commit()
    handlers = {"good": lambda *_: None, "bad": fail}
    Worker(engine=engine, model=Task, handlers=handlers, batch=20, delay=lambda _: 0).run(until_idle=True)
    with engine.connect() as connection:
        rows = connection.execute(
            text('SELECT task_type, status, last_error FROM work."Background Tasks %" ORDER BY 1')
        )
        assert [tuple(row) for row in rows] == [
            ("bad", "FAILED", "ValueError: no  way"),
            ("good", "FINISHED", None),
            ("other", "QUEUED", None),
        ]


def test_an_old_declarative_base_gets_its_indexes_too() -> None:
    base: Any = declarative_base()

    class Job(JobMixin, base):  # type: ignore[misc]
        __tablename__ = "jobs"
        id: Mapped[int] = mapped_column(primary_key=True)

    assert {index.name for index in Job.__table__.indexes} == {"ix_jobs_pending", "ix_jobs_leases"}


def test_a_table_with_a_key_of_two_columns_is_told() -> None:
    class Base(DeclarativeBase):
        pass

    class Job(JobMixin, Base):
        __tablename__ = "jobs"
        tenant: Mapped[int] = mapped_column(primary_key=True)
        number: Mapped[int] = mapped_column(primary_key=True)

    with pytest.raises(ValueError, match="jobs of Job cannot be claimed: they need a primary key of one column"):
        queue_of(Job)


def test_the_package_is_no_framework() -> None:
    """Under 400 lines of code, without comments and docstrings; the outbox for Celery is an addition to it."""
    import pgwright_runtime.jobs

    folder = Path(pgwright_runtime.jobs.__file__).parent
    assert sum(_lines_of_code(path.read_text()) for path in folder.rglob("*.py") if path.stem != "celery") < 400


def _lines_of_code(source: str) -> int:
    import ast
    import io
    import tokenize

    layout = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in layout:
            lines.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            lines -= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return len(lines)
