"""Find connection pools that may together open more connections than the server has.

## What it does

Adds up the pools that `[tool.pgwright]` states, each pool_size + max_overflow times its processes, and compares the sum
with `max_connections` less what is reserved for superusers. Without stated pools it can only look at the connections
that are open now, and says so.

## Why it matters

On the busiest minute of the year all pools are full. The next one is refused: "sorry, too many clients already", in
every process at once, and in the console of whoever wants to help.

## Example

    [[tool.pgwright.pools]]
    name = "api"
    pool_size = 50
    max_overflow = 30
    processes = 4          # 320 connections, of 97 that the server has

Use instead:

    pool_size = 15
    max_overflow = 5       # 80

## When it is wrong

Behind PgBouncer or the like the pools open connections to the pooler, whose limits are not known here.

## Source

PostgreSQL manual, Connections and Authentication: max_connections
(https://www.postgresql.org/docs/current/runtime-config-connection.html) and
SQLAlchemy, Connection Pooling (https://docs.sqlalchemy.org/en/20/core/pooling.html).
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.figures import count, share
from pgwright.model.finding import Check, Evidence, Finding
from pgwright.model.not_examined import NotExamined
from pgwright.model.snapshot import Snapshot

# Room for migrations, monitoring, backups and people.
BUDGET_SHARE = 0.9
# Of the connections that are open now.
BUSY_SHARE = 0.8
_RESERVED = ("superuser_reserved_connections", "reserved_connections")


def find(snapshot: Snapshot) -> Iterator[Finding | NotExamined]:
    available = _available(snapshot)
    if available is None:
        yield CHECK.unexamined("max_connections could not be read", "GRANT pg_read_all_settings to the role that reads")
    elif snapshot.server.is_pooled:
        yield CHECK.unexamined("a pooler stands before the server: its limits are not known here")
    elif snapshot.policy.pools:
        yield from _stated(snapshot, available)
    else:
        yield CHECK.unexamined("pools not stated in [tool.pgwright]", "state each with pool_size and processes")
        yield from _open_now(snapshot, available)


def _available(snapshot: Snapshot) -> int | None:
    """Return the connections that ordinary roles may open."""
    settings = snapshot.setting_by_name
    if "max_connections" not in settings:
        return None
    reserved = [int(settings[name].raw) for name in _RESERVED if name in settings]
    return int(settings["max_connections"].raw) - sum(reserved)


def _stated(snapshot: Snapshot, available: int) -> Iterator[Finding]:
    pools = snapshot.policy.pools
    wanted = sum(pool.connections for pool in pools)
    if wanted <= BUDGET_SHARE * available:
        return
    is_over = wanted > available
    yield CHECK.found(
        snapshot.server.database,
        f"The pools may open {count(wanted)} connections; the server has {count(available)} for them"
        + (": at full load it refuses the rest." if is_over else ", and hardly any for anything else."),
        severity="high" if is_over else "low",
        evidence=[
            *(
                Evidence(
                    f"pool {pool.name}",
                    f"({pool.pool_size} + {pool.max_overflow}) × {pool.processes} = {count(pool.connections)}",
                    "stated",
                )
                for pool in pools
            ),
            *_limits(snapshot, available),
        ],
        advice=f"Bring the sum below {count(BUDGET_SHARE * available)}: smaller pools, for a core serves few "
        "connections at a time, or PgBouncer between the processes and the server.",
    )


def _open_now(snapshot: Snapshot, available: int) -> Iterator[Finding]:
    sessions = len(snapshot.sessions)
    if sessions >= BUSY_SHARE * available:
        yield CHECK.found(
            snapshot.server.database,
            f"{count(sessions)} of {count(available)} connections are in use at this moment.",
            severity="medium",
            confidence="likely",
            evidence=[
                Evidence("open connections", f"{count(sessions)}, {share(sessions / available)}"),
                Evidence("idle ones", count(sum(session.state == "idle" for session in snapshot.sessions))),
                *_limits(snapshot, available),
            ],
            advice="State the pools in [tool.pgwright] to see what they may open at most, and shrink those that idle.",
        )


def _limits(snapshot: Snapshot, available: int) -> Iterator[Evidence]:
    yield Evidence("max_connections", count(int(snapshot.setting_by_name["max_connections"].raw)))
    yield Evidence("of these for ordinary roles", count(available))


CHECK = Check(
    __name__, reads=Snapshot, needs=("settings", "sessions"), severity="high", confidence="certain", find=find
)
