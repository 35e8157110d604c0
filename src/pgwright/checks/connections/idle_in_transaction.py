"""Find connections that keep a transaction open and do nothing.

## What it does

Reports, for each application and role, the sessions that are `idle in transaction` for longer than a minute at the
moment of reading.

## Why it matters

An open transaction keeps its locks, so a migration waits behind it and everything else behind the migration. It keeps
VACUUM from removing any row that died since it began, in all tables. And it keeps a connection from others.

## Example

    async with session.begin():
        notebook = await session.get(Notebook, id)
        summary = await llm.summarise(notebook)   # 40 seconds, inside the transaction

Use instead:

    async with session.begin():
        notebook = await session.get(Notebook, id)
    summary = await llm.summarise(notebook)

## When it is wrong

A person at a console, or a debugger that stands at a breakpoint.

## Source

PostgreSQL manual, Client Connection Defaults: idle_in_transaction_session_timeout
(https://www.postgresql.org/docs/current/runtime-config-client.html).
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.figures import count, duration
from pgwright.model.finding import Check, Evidence, Finding
from pgwright.model.names import quote
from pgwright.model.not_examined import NotExamined
from pgwright.model.server import Session
from pgwright.model.snapshot import Snapshot

# No request of a web app takes so long between two statements.
LONG_SECONDS = 60.0
# So long, it holds back VACUUM noticeably.
VERY_LONG_SECONDS = 600.0
_STATES = ("idle in transaction", "idle in transaction (aborted)")


def find(snapshot: Snapshot) -> Iterator[Finding | NotExamined]:
    sessions = snapshot.own_sessions
    if sessions and not any(session.state for session in sessions):
        yield CHECK.unexamined("the server hides what other roles' sessions do", _remedy(snapshot))
    groups: dict[tuple[str, str], list[Session]] = {}
    for session in sessions:
        if session.state in _STATES and session.state_seconds >= LONG_SECONDS:
            groups.setdefault((session.application, session.role), []).append(session)
    for (application, role), idle in sorted(groups.items()):
        yield _finding(snapshot, application, role, idle)


def _remedy(snapshot: Snapshot) -> str:
    """Return what the reading itself advised: never a right for the app's own role."""
    advised = (one.remedy for one in snapshot.not_examined if "pg_monitor" in one.remedy)
    return next(advised, f"GRANT pg_monitor TO {quote(snapshot.server.role)}")


def _finding(snapshot: Snapshot, application: str, role: str, idle: list[Session]) -> Finding:
    longest = max(session.state_seconds for session in idle)
    timeout = snapshot.setting_by_name.get("idle_in_transaction_session_timeout")
    about = f"{application or 'unnamed application'} as {quote(role)}"
    return CHECK.found(
        about,
        f"{count(len(idle))} session{'s' * (len(idle) > 1)} of {about} sat in an open transaction doing nothing, the "
        f"longest for {duration(longest)}.",
        severity="high" if longest >= VERY_LONG_SECONDS else None,
        evidence=[
            Evidence("sessions", count(len(idle))),
            Evidence("longest idle", duration(longest)),
            Evidence("oldest transaction", duration(max(session.transaction_seconds for session in idle))),
            Evidence("idle_in_transaction_session_timeout", timeout.value if timeout else "unknown"),
        ],
        advice="End the transaction before slow work outside the database, and let the server end what is forgotten.",
        sql=f"ALTER ROLE {quote(role)} IN DATABASE {quote(snapshot.server.database)} "
        "SET idle_in_transaction_session_timeout = '60s'",
    )


CHECK = Check(__name__, reads=Snapshot, needs=("sessions",), severity="medium", confidence="certain", find=find)
