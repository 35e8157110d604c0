"""The statements on a table of jobs, built once for a model. Times are the server's: the workers' clocks play no part.

Each claim has a token of its own, and every statement about a claimed job names it: a job that was taken over
meanwhile is left alone, whatever its former worker believes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy import Connection, func
from sqlalchemy.orm import Session

from pgwright_runtime._locks import lock_key
from pgwright_runtime.jobs.mixin import JobMixin

MOST_COUNTED = 10_001
_MOST_TAKEN_OVER = 100
_MOST_ERROR = 2_000  # characters
_LATE = "its worker died, or lost its lease"
# Not now(): a transaction may have begun long ago. Not clock_timestamp(): no index is searched by a volatile value.
_NOW = func.statement_timestamp()


@dataclass(frozen=True)
class Claim:
    """What a worker holds of a job."""

    id: Any
    kind: str
    token: str
    attempt: int
    """1 for the first."""
    is_last: bool
    """Should it fail, the job is dead."""
    waited_s: float
    """From when it was due to the claim."""

    @property
    def is_risky(self) -> bool:
        """Whether it failed before, perhaps by killing its worker, or has no other attempt to lose."""
        return self.attempt > 1 or self.is_last


class JobQueue:
    """The statements on one model's table; each is part of the caller's transaction, or commits in autocommit."""

    def __init__(self, model: type[JobMixin]) -> None:
        mapper = sa.inspect(model)
        if not isinstance(mapper.local_table, sa.Table) or len(mapper.primary_key) != 1:
            raise ValueError(f"jobs of {model.__name__} cannot be claimed: they need a primary key of one column")
        self.model, self.name, self._key = model, mapper.local_table.fullname, mapper.primary_key[0]
        self.channel = f"pgwright_{re.sub('[^a-z0-9_]', '_', self.name.lower())}"[:63]
        self._lock = lock_key(f"jobs:{self.name}")
        # Transactions that notify commit one after the other, in the whole cluster: only where somebody waits for it.
        nobody_idle, let_go = func.pg_try_advisory_lock(self._lock), func.pg_advisory_unlock(self._lock)
        notify = sa.cast(func.pg_notify(self.channel, ""), sa.Text())
        self.announce = sa.select(sa.case((nobody_idle, sa.cast(let_go, sa.Text())), else_=notify))
        self._key_name, self._states = mapper.get_property_by_column(self._key).key, model.job_states
        c = self._c = mapper.columns
        pending, running, of_kinds = self._is("pending"), self._is("running"), c.kind == _any("kinds", c.kind.type)
        token, lease = sa.bindparam("token_", type_=sa.Text()), sa.bindparam("lease_", type_=sa.Interval())
        held = (self._key == _any("ids", self._key.type), running, c.claimed_by == token)
        batch: Any = sa.bindparam("batch_", type_=sa.Integer(), literal_execute=True)
        due = sa.select(self._key).where(pending, c.run_at <= _NOW, of_kinds).order_by(c.run_at, self._key).limit(batch)
        taken = {c.status: self._states.running, c.attempts: c.attempts + 1, c.claimed_by: token}
        free, leased = {c.leased_until: None}, {c.leased_until: _NOW + lease}
        # Of the model: its instances are what handlers get, and what hooks onto its updates holds here, too.
        claiming = sa.update(model).where(*self._unlocked(due)).values(taken | leased)
        self._claim = claiming.returning(model, _NOW - c.run_at)
        self._finish = self._changed(held, {c.status: self._states.done, c.finished_at: func.clock_timestamp()} | free)
        self._give_back = self._changed(held, {c.status: self._states.pending, c.attempts: c.attempts - 1} | free)
        error, delay = sa.bindparam("error_", type_=sa.Text()), sa.bindparam("delay_", type_=sa.Interval())
        self._fail = self._changed(held, self._failed(error, delay) | free)
        # A job that its own transaction has locked needs no lease: nobody gets it meanwhile.
        self._extend = self._changed(self._unlocked(sa.select(self._key).where(*held)), leased)
        late = sa.select(self._key).where(running, c.leased_until < _NOW).limit(_MOST_TAKEN_OVER)
        failed = self._failed(sa.literal(_LATE), sa.literal(timedelta(0), sa.Interval()))
        self._take_over = self._changed(self._unlocked(late), failed | free).returning(c.status)
        waiting = sa.select(c.run_at).where(pending, of_kinds).order_by(c.run_at).limit(MOST_COUNTED).subquery()
        self._look = sa.select(func.count(), sa.extract("epoch", func.min(waiting.c[0]) - _NOW))

    def claim(
        self, session: Session, kinds: Sequence[str], token: str, *, batch: int, lease_s: float
    ) -> list[tuple[Any, Claim]]:
        """Return up to `batch` jobs that are due, first come first; the token is new with each call."""
        values = {"kinds_": list(kinds), "token_": token, "batch_": batch, "lease_": timedelta(seconds=lease_s)}
        rows = session.execute(self._claim, values, execution_options={"synchronize_session": False})
        return sorted((self._claimed(*row) for row in rows), key=lambda row: (row[0].run_at, row[1].id))

    def finish(self, where: Session | Connection, claims: Sequence[Claim]) -> int:
        """Mark jobs as done; return how many of the claims still hold."""
        return self._of(where, self._finish, claims)

    def give_back(self, where: Session | Connection, claims: Sequence[Claim]) -> int:
        """Let others have jobs that were not begun; the attempt does not count."""
        return self._of(where, self._give_back, claims)

    def extend(self, where: Session | Connection, claims: Sequence[Claim], lease_s: float) -> int:
        """Say that jobs are being worked on."""
        return self._of(where, self._extend, claims, lease_=timedelta(seconds=lease_s))

    def fail(self, where: Session | Connection, claim: Claim, error: str, delay_s: float) -> int:
        """Let a job be tried again after a delay, or be dead after its last attempt."""
        error = error.replace("\0", "")[:_MOST_ERROR]
        return self._of(where, self._fail, [claim], error_=error, delay_=timedelta(seconds=delay_s))

    def take_over(self, where: Session | Connection) -> tuple[int, int]:
        """Let others have jobs whose lease has ended; return how many, and how many of them are dead now."""
        states = where.execute(self._take_over).scalars().all()
        return len(states), states.count(self._states.dead)

    def look(self, where: Session | Connection, kinds: Sequence[str]) -> tuple[int, float | None]:
        """Return how many jobs wait, counted up to 10,001, and the seconds until the first is due; None: none waits."""
        waiting, seconds = where.execute(self._look, {"kinds_": list(kinds)}).one()
        return waiting, None if seconds is None else float(seconds)

    def be_idle(self, where: Connection, is_idle: bool) -> None:
        """Say on the connection that listens whether it wants to be told of jobs."""
        change = func.pg_advisory_lock_shared if is_idle else func.pg_advisory_unlock_shared
        where.execute(sa.select(change(self._lock)))

    def requeueing(self, ids: Sequence[Any]) -> Any:
        """Return the statement that lets dead jobs be tried again, with all their attempts."""
        c, of_ids = self._c, self._key == sa.any_(sa.literal(list(ids), sa.ARRAY(self._key.type)))
        again = {c.status: self._states.pending, c.attempts: 0, c.run_at: _NOW, c.finished_at: None}
        return self._changed((of_ids, self._is("dead")), again).returning(self._key)

    def _is(self, state: str) -> Any:
        # Written out, not bound: a generic plan could not know that the partial index serves it.
        return self._c.status == sa.literal(getattr(self._states, state), self._c.status.type, literal_execute=True)

    def _changed(self, conditions: Sequence[Any], values: dict[Any, Any]) -> Any:
        return sa.update(self._key.table).where(*conditions).values(values)

    def _unlocked(self, rows: sa.Select[Any]) -> Sequence[Any]:
        # FOR NO KEY UPDATE: others may insert rows that refer to a job. An array is made once; a join might run the
        # subquery again, and lock more rows than its limit.
        locked = rows.with_for_update(skip_locked=True, key_share=True).scalar_subquery()
        return [self._key == sa.any_(func.array(locked, type_=sa.ARRAY(self._key.type)))]

    def _failed(self, error: Any, delay: Any) -> dict[Any, Any]:
        c, is_last = self._c, self._c.attempts >= self._c.max_attempts
        dead, pending = (sa.literal(state, c.status.type) for state in (self._states.dead, self._states.pending))
        return {
            c.status: sa.cast(sa.case((is_last, dead), else_=pending), c.status.type),
            c.run_at: sa.case((is_last, c.run_at), else_=_NOW + delay),
            c.finished_at: sa.case((is_last, func.clock_timestamp()), else_=sa.null()),
            c.last_error: error,
        }

    def _claimed(self, job: Any, waited: timedelta) -> tuple[Any, Claim]:
        key, is_last = getattr(job, self._key_name), job.attempts >= job.max_attempts
        return job, Claim(key, job.kind, job.claimed_by, job.attempts, is_last, waited.total_seconds())

    def _of(self, where: Session | Connection, statement: Any, claims: Sequence[Claim], **values: Any) -> int:
        if not claims:
            return 0
        (token,) = {claim.token for claim in claims}
        values |= {"ids_": [claim.id for claim in claims], "token_": token}
        changed: Any = where.execute(statement, values)
        return int(changed.rowcount)


def _any(name: str, type_: Any) -> Any:
    return sa.any_(sa.bindparam(f"{name}_", type_=sa.ARRAY(type_)))


queue_of = cast("Callable[[type[JobMixin]], JobQueue]", cache(JobQueue))
"""The queue of a model."""
