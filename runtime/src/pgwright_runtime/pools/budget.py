"""How many connections each process may open, computed from facts."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Literal, get_args

from pgwright_runtime._stack import find_line
from pgwright_runtime.errors import Error
from pgwright_runtime.pools.pooler import Pooler

OnExcess = Literal["raise", "warn"]
# The rest is for migrations, cron jobs, monitoring and people. `pool-over-budget` reports pools above this share.
_POOLS_SHARE = 0.9


class PoolOverBudget(Error, ValueError):
    """The pools may together open more connections than there are for them."""


class PoolBudgetWarning(UserWarning):
    """The same, as a warning."""


@dataclass(frozen=True)
class PoolBudget:
    """The connections that a server, or the pooler before it, has for the pools of equal processes.

    It is an upper bound, not advice to use all: a core serves few connections at a time.

    >>> budget = PoolBudget(max_connections=100, processes=4, machines=2)
    >>> budget.pool_size, budget.max_overflow, budget.connections()
    (5, 5, 80)
    """

    max_connections: int
    """The server's setting; `read_server_limits` reads this one and the next two."""
    superuser_reserved_connections: int = 3
    reserved_connections: int = 0
    processes: int = 1
    """Processes with a pool of their own, per machine: workers, not threads."""
    machines: int = 1
    """Machines or containers. While a deployment replaces them, both the old ones and the new ones count."""
    other: int | None = None
    """Connections kept for migrations, cron jobs, monitoring and people; None: a tenth, rounded up."""
    pooler: Pooler = "none"
    """PgBouncer's `pool_mode`, or "none" where the pools reach the server itself."""
    default_pool_size: int = 20
    """PgBouncer's: connections to the server, for one user and database."""
    max_client_conn: int = 100
    """PgBouncer's: connections of all pools together."""
    on_excess: OnExcess = "raise"
    """What `check` does about pools that are too large: "raise", or "warn" while an app moves to a budget."""

    def __post_init__(self) -> None:
        if self.pooler not in get_args(Pooler):
            raise ValueError(f"unknown pooler {self.pooler!r}; use one of {', '.join(get_args(Pooler))}")
        if self.on_excess not in get_args(OnExcess):
            raise ValueError(f"unknown on_excess {self.on_excess!r}; use one of {', '.join(get_args(OnExcess))}")
        for name in ("max_connections", "processes", "machines", "default_pool_size", "max_client_conn"):
            _require(name, getattr(self, name), 1)
        for name in ("superuser_reserved_connections", "reserved_connections", "other"):
            _require(name, getattr(self, name) or 0, 0)

    @property
    def pool_size(self) -> int:
        """Connections that each process keeps open: half of its part, rounded up, as with `create_engine`'s 10 + 10."""
        return self._part - self._part // 2

    @property
    def max_overflow(self) -> int:
        """Further connections at a peak, per process: the other half."""
        return self._part // 2

    @property
    def limit(self) -> int:
        """The most connections that all pools may open together."""
        if self.pooler == "none":
            return self._for_pools
        if self.pooler == "transaction":
            return self.max_client_conn
        # Each connection of a pool holds one of the server's for as long as it is open; the rest would wait.
        return min(self.max_client_conn, self.default_pool_size)

    def connections(self, pool_size: int | None = None, max_overflow: int | None = None) -> int | None:
        """Return how many connections all pools may open together; None: any number.

        Args:
            pool_size, max_overflow: of each process; None: the budget's. SQLAlchemy takes a pool_size of 0 and a
                max_overflow of -1 for "without limit".
        """
        size, overflow = self._stated(pool_size, max_overflow)
        return None if size <= 0 or overflow < 0 else (size + overflow) * self.processes * self.machines

    def explain(self, pool_size: int | None = None, max_overflow: int | None = None) -> str:
        """Return the arithmetic, a line for each step; the parameters are those of `connections`."""
        size, overflow = self._stated(pool_size, max_overflow)
        total = self.processes * self.machines
        wanted = self.connections(size, overflow)
        kept = "stated" if self.other is not None else "a tenth"
        other = self._available - self._for_pools
        lines = [
            f"server: {self.max_connections} max_connections - {self._reserved} reserved = {self._available}",
            f"other: {other} kept for migrations, cron jobs and people ({kept}), {self._for_pools} left",
        ]
        if self.pooler != "none":
            lines.append(f"pooler: {self.default_pool_size} default_pool_size, of {self._for_pools}")
            lines.append(f"clients: {self.limit}, " + self._client_rule)
        lines.append(f"processes: {self.processes} x {self.machines} machines = {total}")
        lines.append(f"each: {self.limit} / {total} = {self.limit // total}, so at most {self._part} connections")
        sum_of_all = "without limit" if wanted is None else f"{wanted}"
        lines.append(f"pools: ({size} pool_size + {overflow} max_overflow) x {total} = {sum_of_all}, of {self.limit}")
        return "\n".join(lines)

    def check(self, pool_size: int | None = None, max_overflow: int | None = None) -> None:
        """Compare the pools, and the pooler's own, with what there is; the parameters are those of `connections`.

        Raises: PoolOverBudget: they may open more, and on_excess is "raise".
        Warns: PoolBudgetWarning: the same, and on_excess is "warn".
        """
        faults = []
        wanted = self.connections(pool_size, max_overflow)
        if wanted is None or wanted > self.limit:
            most = "any number of" if wanted is None else str(wanted)
            faults.append(f"the pools may open {most} connections, and there are {self.limit} for them")
        if self.pooler != "none" and self.default_pool_size > self._for_pools:
            faults.append(f"the pooler may open {self.default_pool_size}, and the server has {self._for_pools} for it")
        if not faults:
            return
        remedy = (
            "Make the pools smaller, run fewer processes, or put PgBouncer in transaction mode before the server."
            if self.pooler == "none"
            else "Make the pools smaller, run fewer processes, or change the pooler's limits."
        )
        message = f"{'; '.join(faults)}. {remedy}\n{self.explain(pool_size, max_overflow)}"
        if self.on_excess == "raise":
            raise PoolOverBudget(message)
        caller = find_line(or_package=True)
        if caller is None:
            warnings.warn(message, PoolBudgetWarning, stacklevel=2)
        else:  # the app's line, however deep inside create_engine we are
            warnings.warn_explicit(message, PoolBudgetWarning, caller.file, caller.line)

    @property
    def _reserved(self) -> int:
        return self.superuser_reserved_connections + self.reserved_connections

    @property
    def _available(self) -> int:
        return self.max_connections - self._reserved

    @property
    def _for_pools(self) -> int:
        left = int(_POOLS_SHARE * self._available) if self.other is None else self._available - self.other
        return max(0, left)

    @property
    def _part(self) -> int:
        # A process without a connection is of no use; where not even one is left, check() says so.
        return max(1, self.limit // (self.processes * self.machines))

    @property
    def _client_rule(self) -> str:
        if self.pooler == "transaction":
            return "max_client_conn"
        return "the smaller of default_pool_size and max_client_conn, for a session keeps its connection"

    def _stated(self, pool_size: int | None, max_overflow: int | None) -> tuple[int, int]:
        return (
            self.pool_size if pool_size is None else pool_size,
            self.max_overflow if max_overflow is None else max_overflow,
        )


def _require(name: str, value: int, least: int) -> None:
    if value < least:
        raise ValueError(f"{name} is {value}, and must be {least} or more")
