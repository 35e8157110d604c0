"""A store that may be lost: asked for a short time only, and left alone for a while when it did not answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence

from pgwright_runtime.limits.errors import StoreLost
from pgwright_runtime.limits.stores import Charge, CountStore, Standing

# How long a store that did not answer is left alone: doubled by each failure.
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.05, 1.0
# Of the event loop, from an answer's arrival until whoever asked has it.
_TURNS = 20


class StorePatience:
    """Asks a store, for `time_limit_s` at most, and tells whether it answered.

    Args:
        heard: is called for each answer.
        failed: is called whenever there was none, with the reason.
    """

    def __init__(
        self,
        store: CountStore,
        time_limit_s: float,
        heard: Callable[[], None],
        failed: Callable[[StoreLost], None],
    ) -> None:
        self._store, self._time_limit_s, self._heard, self._failed = store, time_limit_s, heard, failed
        self._quiet_until, self._pause_s = 0.0, _FIRST_PAUSE_S

    @property
    def quiet_s(self) -> float:
        """For how long it will not be asked; 0.0: it may be."""
        return max(0.0, self._quiet_until - time.monotonic())

    async def take(self, charges: Sequence[Charge]) -> Sequence[Standing]:
        """Count a request.

        Raises: StoreLost: the store did not answer in time, or is not asked.
        """
        now = time.monotonic()
        if now < self._quiet_until:
            raise StoreLost("it did not answer a moment ago", self.quiet_s)
        is_trial = self._quiet_until > 0
        if is_trial:
            # One request tries, the others do not wait for what becomes of it.
            self._quiet_until = now + self._time_limit_s + self._pause_s
        try:
            standings = await self._within_limit(charges)
        except StoreLost as error:
            self._failed(error)
            self._pause(is_trial)
            raise
        except BaseException:
            # Nobody knows, as when the client left; the next request tries.
            if is_trial:
                self._quiet_until = now
            raise
        self._quiet_until, self._pause_s = 0.0, _FIRST_PAUSE_S
        self._heard()
        return standings

    def _pause(self, is_trial: bool) -> None:
        # Requests that were under way together fail together: that is one failure.
        if is_trial or not self._quiet_until:
            self._quiet_until = time.monotonic() + self._pause_s
            self._pause_s = min(2 * self._pause_s, _LONGEST_PAUSE_S)

    async def _within_limit(self, charges: Sequence[Charge]) -> Sequence[Standing]:
        task = asyncio.ensure_future(self._store.take(charges))
        try:
            # Not `asyncio.timeout`: it would cancel what has its answer already, where the loop itself was held up.
            await asyncio.wait((task,), timeout=self._time_limit_s)
            for _ in range(_TURNS):
                if task.done():
                    return task.result()
                await asyncio.sleep(0)
            raise StoreLost(f"no answer within {self._time_limit_s:g} s")
        finally:
            if not task.done():
                task.add_done_callback(_forget)
                task.cancel()


def _forget(task: asyncio.Future[Sequence[Standing]]) -> None:
    if not task.cancelled():
        task.exception()
