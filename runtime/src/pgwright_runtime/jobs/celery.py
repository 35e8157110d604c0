"""The same jobs over many machines: a relay sends what was committed to Celery, whose workers run the handlers.

The table of jobs is the outbox. Celery delivers a message once, twice or never; the row decides: a task runs only if it
can claim its job, and in the transaction that marks the job as done. What the broker loses is sent again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from math import inf
from typing import Any

from celery import Celery
from kombu.exceptions import OperationalError
from sqlalchemy import ARRAY, Connection, Engine, Interval, Text, any_, bindparam, func, literal, select, update
from sqlalchemy.orm import Session

from pgwright_runtime.jobs.mixin import JobMixin
from pgwright_runtime.jobs.queue import Claim, JobQueue
from pgwright_runtime.jobs.worker import Worker

log = logging.getLogger("pgwright.jobs")
_MOST_SENT = 200
_NOW = func.statement_timestamp()


def task_name(model: type[JobMixin]) -> str:
    """Return the name of the Celery task that runs the jobs of a model."""
    return f"pgwright.jobs.{outbox_of(model).name}"


def register(
    app: Celery,
    engine: Engine,
    model: type[JobMixin],
    handlers: Mapping[str, Callable[[Any, Any], Any]],
    **options: Any,
) -> Any:
    """Register the task that runs the jobs of a model, in the module that Celery's workers import; return it.

    Args:
        engine: a sync one of up to three connections, made by `pgwright_runtime.create_engine`: forked workers open
            their own.
        handlers: by kind, as of `Worker`, but none that is async.
        options: of `Worker`: `lease_s`, `delay`, `sessions`, `registry`.
    """

    def run_job(key: Any, attempts: int) -> None:
        worker = Worker(engine=engine, model=model, handlers=handlers, listen=False, **options)
        # Whatever else there is in the table is the relay's to look after.
        worker._queue, worker._look_around_at = _Message(model, key, attempts), inf
        worker.run(until_idle=True)

    # It is the row that says how a job ended: a message is only taken off the queue when somebody has looked at it.
    task = app.task(name=task_name(model), acks_late=True, reject_on_worker_lost=True, ignore_result=True)
    return task(run_job)


@dataclass(eq=False, kw_only=True)
class Relay(Worker):
    """Sends the jobs of one table to Celery as they are committed and due; any number of relays may run."""

    app: Celery
    resend_s: float = 600.0
    """A job that nobody began so many seconds after it was sent is sent again: more than a message waits at Celery's
    busiest. What is sent twice is done once."""
    send_options: Mapping[str, Any] = field(default_factory=dict)
    """Of Celery's `send_task`: `queue`, `priority`, …"""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._queue = _Sending(self.model, self._send, self.resend_s)

    def _send(self, key: Any, attempts: int) -> bool:
        """Send the message about a job; return whether the broker took it."""
        about, options = (key, attempts), self.send_options
        try:
            self.app.send_task(task_name(self.model), about, task_id=str(key), retry=False, **options)
        except OperationalError as error:
            log.warning("%s: the broker takes nothing, trying again: %s", self._queue.name, error)
            return False
        return True


class Outbox(JobQueue):
    """What relays and tasks ask of a table of jobs besides. A job that was sent waits on: it is due again later."""

    def __init__(self, model: type[JobMixin]) -> None:
        super().__init__(model)
        c, key, pending = self._c, self._key, self._is("pending")
        of_kinds = c.kind == any_(bindparam("kinds_", type_=ARRAY(c.kind.type)))
        due = select(key).where(pending, c.run_at <= _NOW, of_kinds).order_by(c.run_at, key).limit(_MOST_SENT)
        later = {c.run_at: _NOW + bindparam("resend_", type_=Interval())}
        self._sent = self._changed(self._unlocked(due), later).returning(key, c.attempts)
        of_ids = key == any_(bindparam("ids_", type_=ARRAY(key.type)))
        self._unsent = self._changed((of_ids, pending), {c.run_at: _NOW})
        # A message about an attempt that was made says nothing about the next, which has its time.
        asked = (key == bindparam("key_", type_=key.type), c.attempts == bindparam("attempts_"), pending)
        leased = {c.leased_until: _NOW + bindparam("lease_", type_=Interval())}
        taken = {c.status: self._states.running, c.attempts: c.attempts + 1, **leased}
        taken |= {c.claimed_by: bindparam("token_", type_=Text())}
        # One that was sent is due later again: how long it waited before, nothing tells.
        waited = func.greatest(_NOW - c.run_at, literal(timedelta(0), Interval()))
        self._one = update(model).where(*asked).values(taken).returning(model, waited)

    def mark_sent(self, where: Session | Connection, kinds: Sequence[str], resend_s: float) -> list[tuple[Any, int]]:
        """Return jobs that are due, each with its attempts so far; before they are sent, so that none is forgotten."""
        values = {"kinds_": list(kinds), "resend_": timedelta(seconds=resend_s)}
        return [(key, attempts) for key, attempts in where.execute(self._sent, values)]

    def mark_unsent(self, where: Session | Connection, keys: Sequence[Any]) -> None:
        """Let jobs be due at once."""
        where.execute(self._unsent, {"ids_": list(keys)})

    def claim_one(
        self, session: Session, key: Any, attempts: int, token: str, lease_s: float
    ) -> list[tuple[Any, Claim]]:
        """Return the job that a message is about, if it still waits for that attempt."""
        values = {"key_": key, "attempts_": attempts, "token_": token, "lease_": timedelta(seconds=lease_s)}
        rows = session.execute(self._one, values, execution_options={"synchronize_session": False})
        return [self._claimed(*row) for row in rows]


class _Message(Outbox):
    """To the worker of a task, a queue of the one job that its message is about."""

    def __init__(self, model: type[JobMixin], key: Any, attempts: int) -> None:
        vars(self).update(vars(outbox_of(model)))  # the statements are built once
        self._about = key, attempts

    def claim(
        self, session: Session, kinds: Sequence[str], token: str, *, batch: int, lease_s: float
    ) -> list[tuple[Any, Claim]]:
        return self.claim_one(session, *self._about, token, lease_s)


class _Sending(Outbox):
    """To a relay, a queue that it sends in place of claiming from it."""

    def __init__(self, model: type[JobMixin], send: Callable[[Any, int], bool], resend_s: float) -> None:
        vars(self).update(vars(outbox_of(model)))
        self._send, self._resend_s = send, resend_s

    def claim(
        self, session: Session, kinds: Sequence[str], token: str, *, batch: int, lease_s: float
    ) -> list[tuple[Any, Claim]]:
        while jobs := self.mark_sent(session, kinds, self._resend_s):
            for sent, job in enumerate(jobs):
                if not self._send(*job):
                    self.mark_unsent(session, [key for key, _ in jobs[sent:]])
                    return []
        return []


# mypy takes a class with a metaclass for one that cannot be hashed.
outbox_of: Callable[[type[JobMixin]], Outbox] = cache(Outbox)  # type: ignore[assignment]
"""The outbox of a model."""
