"""How a run of migrations behaves on a busy database: how long it waits, and what it gives way to."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class MigrationPace:
    """The limits of a run.

    Raises: ValueError: a limit is out of its range.
    """

    lock_timeout_ms: int = 300
    """A statement waits no longer for a lock, and so those who queue behind it wait no longer either.

    A third of a second is a slow request, not a failed one: pools, proxies and users wait for seconds. It is below the
    server's `deadlock_timeout` (1 s), and far above the length of an app's own transactions, so that a lock which only
    those hold comes at the first try. GitLab's migrations begin with 100 ms, GoCardless's took 750 ms.
    """
    tries: int = 30
    """How often a revision's transaction is tried; only lack of a lock, deadlock and serialization failure count."""
    pause_s: float = 0.5
    """Rest after the first try; it doubles with each up to `most_pause_s`, and chance takes up to half of it."""
    most_pause_s: float = 10
    old_s: float = 1
    """A transaction that is older, and holds what a revision needs, is waited for without queueing."""
    patience_s: float = 600
    """End when one reason to wait lasts longer: tables of a revision that are held, another runner, ill health."""
    queue_ms: int | None = None
    """Step back when somebody who reads or writes waits longer for us. None: as `lock_timeout_ms`."""
    long_wait_s: float = 1800
    """What runs outside of a transaction, such as a concurrent build, may wait so long for older transactions."""
    lag_bytes: int = 64 * 2**20
    """Begin no revision while a replica has more of the write-ahead log to replay."""
    lag_s: float = 10
    """Begin no revision while a replica says that it replays later than this."""
    connections: float = 0.9
    """Begin no revision while a larger share of `max_connections` is used, in (0, 1]."""
    health_url: str | None = None
    """Begin no revision unless a GET of it gives a status below 400."""
    health_timeout_s: float = 5
    waits_for_runner: bool = True
    """Wait for another run on the same database, up to `patience_s`; False: end at once."""

    def __post_init__(self) -> None:
        if not 0 < self.connections <= 1:
            raise ValueError(f"connections is {self.connections:g}; it is a share, above 0 and up to 1")
        for name in ("lock_timeout_ms", "tries", "pause_s", "most_pause_s", "long_wait_s", "health_timeout_s"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} is {getattr(self, name)}; it has to be above 0")
        for name in ("old_s", "patience_s"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} is {getattr(self, name)}; it cannot be negative")
        if self.queue_ms is not None and self.queue_ms <= 0:
            raise ValueError(f"queue_ms is {self.queue_ms}; it has to be above 0")

    @property
    def queue_limit_ms(self) -> int:
        """How long anybody may wait for us, milliseconds."""
        return self.lock_timeout_ms if self.queue_ms is None else self.queue_ms
