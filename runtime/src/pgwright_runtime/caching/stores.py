"""What a store of cached values has to do, and how its answers are trusted.

Each value stands under a key and is valid as long as the *stamp* of its tags is the one that it was computed under. A
tag is a table or a row of one, of one tenant or of all; its version is a random text, made when somebody first asks for
it. To invalidate is to forget versions: the next stamp is another one, for ever. So whatever a store loses, by
eviction, by expiry or by its end, makes values invalid, never valid.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from pgwright_runtime._background import Runner
from pgwright_runtime.errors import Error

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry


@dataclass(frozen=True, slots=True)
class Look:
    """What a store has under a key."""

    stamp: bytes
    """Of its tags, as they were before what follows reads the database."""
    payload: bytes | None
    """None: nothing that is valid."""
    seconds_left: float = 0.0
    leads: bool = False
    """Whether nobody else computes the value, and this caller shall."""


class StoreUnavailable(Error):
    """The store did not answer in time, or is not asked because it did not a moment ago; caught in the package."""


class Store(Protocol):
    """Keeps values; each of its methods is sync code that waits by what `waits` offers.

    Raises: StoreUnavailable: from any method but `drop`.
    """

    def look(self, key: str, tags: Sequence[str], flight_s: float, waits: Runner) -> Look:
        """Return the value, or let the caller lead who computes it, for `flight_s` at most."""

    def keep(self, key: str, tags: Sequence[str], stamp: bytes, payload: bytes, ttl_s: float, waits: Runner) -> None:
        """Store a value that was computed under a stamp, if that still holds; others need wait no longer."""

    def leave(self, key: str, waits: Runner) -> None:
        """Let others compute it."""

    def drop(self, tags: Sequence[str], waits: Runner) -> None:
        """Forget versions; when it returns, no store of any process takes what was computed under them for valid."""

    def drops(self, table: str) -> bool:
        """Return whether anybody may have cached what a table holds."""

    def caches(self, tables: Sequence[str]) -> bool:
        """Note that values of these tables will be cached; False: not yet, others do not know it."""

    def publish(self, registry: CollectorRegistry) -> None:
        """Publish whether its server answers, if it has one."""

    def close(self) -> None:
        """Let go of connections, those of event loops apart."""

    async def aclose(self) -> None:
        """Let go of the running event loop's connections."""
