"""What `fix` writes: steps of SQL, up and down, with the lock each takes and what it blocks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pgwright.model.change import Change
from pgwright.model.gain import NO_GAIN, Gain, MeasuredGain

LockMode = Literal["none", "ACCESS SHARE", "SHARE UPDATE EXCLUSIVE", "SHARE", "SHARE ROW EXCLUSIVE", "ACCESS EXCLUSIVE"]

# Those that hold up neither who reads nor who writes.
GENTLE: tuple[LockMode, ...] = ("none", "ACCESS SHARE", "SHARE UPDATE EXCLUSIVE")


@dataclass(frozen=True)
class BackfillCall:
    """A call of one of the operations that the runtime adds to Alembic's `op`."""

    operation: Literal["declare_backfill", "require_backfill", "drop_backfill"]
    backfill: str
    """Its name."""
    table: str = ""
    """Of a declaration, without its schema; the next likewise."""
    schema: str = ""
    """"" for that of the search path."""
    sets: tuple[tuple[str, str], ...] = ()
    """Each column with the SQL expression that it is set to."""
    where: str = ""


@dataclass(frozen=True)
class Step:
    """One SQL statement, or one operation in its place."""

    sql: str
    is_transactional: bool
    """False: it runs outside a transaction, because it must (CREATE INDEX CONCURRENTLY) or so as to lock shortly."""
    lock: LockMode
    tables: tuple[str, ...]
    """The tables it locks, as SQL text."""
    builds: str = ""
    """The index that it builds concurrently, as SQL text; an invalid leftover of that name has to go first."""
    waits_long: bool = False
    """True when it may wait for a lock for minutes, for nobody who reads or writes queues behind it."""
    wait: str = ""
    """How long it may wait for a lock; "": as long as any other."""
    tries: int = 0
    """How often it is tried where no lock comes; 0: as often as any other."""
    backfill: BackfillCall | None = None
    """What is called in place of the statement, which is "" then."""


@dataclass(frozen=True)
class Remedy:
    """A change, rendered, with the findings it answers."""

    title: str
    change: Change
    findings: tuple[str, ...]
    """Keys of the findings: `check:object`."""
    upgrade: tuple[Step, ...]
    downgrade: tuple[Step, ...]
    is_safe: bool
    """True when it may run on a busy table in production."""
    warning: str
    """What it blocks and for how long; "" when it is safe."""
    seconds_estimate: float | None
    """Expected duration, estimated from sizes; None when nothing is known."""
    model_hint: str
    """What to write in the SQLAlchemy model so that `alembic check` stays clean."""
    deploy: str = ""
    """What code has to be deployed before it, with it or after it; "" when none has to."""
    gain: Gain = NO_GAIN
    """Estimated or read, before anything was measured."""
    measured: tuple[MeasuredGain, ...] = ()
    """Of the statements that got faster on copies and whose plan uses it, what saves most first."""
