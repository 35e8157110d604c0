"""How replicas are watched, and how far they may be behind."""

from __future__ import annotations

from dataclasses import dataclass

# A look at a server that takes longer finds one that would keep requests waiting, too.
LOOK_TIMEOUT_S = 1.0
# Between the moment of a write and the replicas' lag there are: a late look, the WAL writer (0.6 s with
# synchronous_commit = off), and clocks of several machines.
_MARGIN_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaSettings:
    """Times, the same for all replicas of a primary.

    Raises: ValueError: one is out of its range.
    """

    wait_ms: float = 50
    """How long a read waits for a replica to replay the caller's write, milliseconds."""
    max_lag_s: float = 10
    """A replica further behind the primary answers nobody, seconds."""
    hang_s: float = 5
    """The connections of a replica that keeps silent for so long are ended, and what waits for it goes elsewhere,
    seconds; also the default of how long opening a connection to it may take; at least 1."""
    remember_s: float = 60
    """For how long a write is remembered, seconds; more than `max_lag_s` by 10 at least, for after that time every
    replica in use has it."""
    interval_ms: float = 100
    """Between two looks at a server, milliseconds."""

    def __post_init__(self) -> None:
        if self.wait_ms < 0 or self.max_lag_s <= 0 or self.interval_ms <= 0:
            raise ValueError("wait_ms is at least 0, max_lag_s and interval_ms are more than 0")
        if self.hang_s < LOOK_TIMEOUT_S:
            raise ValueError(f"hang_s is {self.hang_s:g}, but has to be {LOOK_TIMEOUT_S:g} at least")
        if self.remember_s < self.max_lag_s + _MARGIN_S:
            raise ValueError(
                f"remember_s is {self.remember_s:g}, but has to exceed max_lag_s by {_MARGIN_S:g} at least"
            )
