"""An app whose jobs run under Celery; its workers import it as `celery -A`, with the addresses in the environment."""

from __future__ import annotations

import os
import signal
import threading
from typing import Any

from celery import Celery
from sqlalchemy import func, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from pgwright_runtime import create_engine
from pgwright_runtime.jobs import JobMixin
from pgwright_runtime.jobs.celery import register

DATABASE, BROKER = "PGWRIGHT_TEST_DATABASE", "PGWRIGHT_TEST_BROKER"
# Held by a test for as long as a handler shall wait.
GATE = 4711
LEASE_S = 1.0


class Base(DeclarativeBase):
    pass


class Task(JobMixin, Base):
    __tablename__ = "task"

    id: Mapped[int] = mapped_column(primary_key=True)


class Effect(Base):
    """One row: what a handler did."""

    __tablename__ = "effect"

    id: Mapped[int] = mapped_column(primary_key=True)
    task_id: Mapped[int]


class Begun(Base):
    """One row: a handler has begun, whatever becomes of its transaction."""

    __tablename__ = "begun"

    id: Mapped[int] = mapped_column(primary_key=True)
    task_id: Mapped[int]
    process: Mapped[int]


def note(session: Session, task: Task) -> None:
    session.add(Effect(task_id=task.id))


def wait(session: Session, task: Task) -> None:
    """Do it, tell that it was done, and wait before the commit until the gate is open."""
    note(session, task)
    session.flush()
    with Session(session.get_bind().engine) as other, other.begin():
        other.add(Begun(task_id=task.id, process=os.getpid()))
    session.execute(select(func.pg_advisory_xact_lock(GATE)))


def fail_once(session: Session, task: Task) -> None:
    note(session, task)
    if task.attempts == 1:
        raise ValueError("not today")


HANDLERS: dict[str, Any] = {"note": note, "wait": wait, "fail once": fail_once}


def make_app(broker: str) -> Celery:
    app = Celery("tasks", broker=broker)
    app.conf.update(
        broker_connection_retry_on_startup=True,
        broker_transport_options={"socket_connect_timeout": 5, "socket_timeout": 30},
        worker_hijack_root_logger=False,
        worker_prefetch_multiplier=1,
    )
    return app


def _end_with_the_test() -> None:
    """End this worker and its children when the test's process is gone, even if that was killed."""
    os.read(0, 1)  # not by sys.stdin, whose lock a forked child would wait for
    os.killpg(0, signal.SIGKILL)


app = make_app(os.environ.get(BROKER, "memory://"))
if DATABASE in os.environ:
    threading.Thread(target=_end_with_the_test, daemon=True).start()
    register(
        app,
        create_engine(os.environ[DATABASE], pool_size=3),
        Task,
        HANDLERS,
        lease_s=LEASE_S,
        delay=lambda attempt: 0.0,
    )
