"""Find app roles whose statements may run for ever.

## What it does

Reports the database when `statement_timeout` is 0 and a role that ran the workload has none of its own, by ALTER ROLE
or ALTER DATABASE. Roles that only watch are not named: the one that pgwright reads with, and members of `pg_monitor`
that may write no table, as long as they read no table of the app.

## Why it matters

A statement that a client has given up on goes on, keeps its connection, its locks and its memory, and is sent again by
the retry. Ten of them are an outage.

## Example

    create_async_engine(url)

Use instead:

    ALTER ROLE app SET statement_timeout = '30s';

or, for one engine, `connect_args={"server_settings": {"statement_timeout": "30000"}}` (asyncpg).

## When it is wrong

When the app sets it itself on each connection, which no catalog shows.

## Source

PostgreSQL manual, Client Connection Defaults: statement_timeout
(https://www.postgresql.org/docs/current/runtime-config-client.html#GUC-STATEMENT-TIMEOUT): set it for roles rather than
in postgresql.conf, which would affect all sessions.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.figures import listing
from pgwright.model.finding import Check, Evidence, Finding
from pgwright.model.names import quote
from pgwright.model.not_examined import NotExamined
from pgwright.model.snapshot import Snapshot
from pgwright.workload.shaped import shaped_statements

NAME = "statement_timeout"
# Longer than any request should take, short enough to end a run-away; reports can raise it for themselves.
PROPOSED = "30s"
_NONE = {"0", "0ms", "0s", ""}
# Of our own sessions, as far as the DSN names no other.
APPLICATION_NAME = "pgwright"


def find(snapshot: Snapshot) -> Iterator[Finding | NotExamined]:
    setting = snapshot.setting_by_name.get(NAME)
    if setting is None:
        yield CHECK.unexamined("the server's settings could not be read")
        return
    own = {entry.role: entry.value for entry in snapshot.role_settings if entry.name == NAME}
    # What we read is what our role gets: its own setting would hide the server's.
    general = own.get("", "0" if snapshot.server.role in own else setting.raw)
    watchers = _watchers(snapshot)
    active = _active(snapshot)
    roles = _app_roles(snapshot, active - watchers)
    # Where only watchers are known, what they get tells what others would.
    lacking = [role for role in roles or sorted(active) if own.get(role, general) in _NONE]
    if lacking or (not active and general in _NONE):
        yield _finding(snapshot, lacking if roles else [], own)


def _active(snapshot: Snapshot) -> set[str]:
    """Return the roles that ran statements or are connected."""
    active = {statement.role for statement in snapshot.statements} | {session.role for session in snapshot.own_sessions}
    return active - {""}


def _app_roles(snapshot: Snapshot, working: set[str]) -> list[str]:
    """Return those of the app; superusers only when there are no others."""
    superusers = {role.name for role in snapshot.roles if role.is_superuser}
    return sorted((working - superusers) or working)


def _watchers(snapshot: Snapshot) -> set[str]:
    """Return the roles that only monitor: ours, unless the app works as it, and those of other monitors."""
    at_work = {one.statement.role for one in shaped_statements(snapshot)}
    sessions = {one.role for one in snapshot.own_sessions if not one.application.startswith(APPLICATION_NAME)}
    monitors = {role.name for role in snapshot.roles if role.is_monitor}
    return ({snapshot.server.role} - sessions | monitors) - at_work


def _finding(snapshot: Snapshot, lacking: list[str], own: dict[str, str]) -> Finding:
    database = quote(snapshot.server.database)
    set_timeout = f"SET {NAME} = '{PROPOSED}'"
    return CHECK.found(
        snapshot.server.database,
        "Statements may run without end: no statement_timeout is set"
        + (f" for {listing([quote(role) for role in lacking])}." if lacking else "."),
        evidence=[
            Evidence(f"{NAME} of the server", snapshot.setting_by_name[NAME].value),
            Evidence("roles without one", listing([quote(role) for role in lacking]) or "no app role is known"),
            Evidence("roles with one", listing(sorted(quote(role) for role in own if role)) or "none"),
        ],
        advice="Set one for the app's role; leave that of backups and migrations alone.",
        sql=";\n".join(f"ALTER ROLE {quote(role)} IN DATABASE {database} {set_timeout}" for role in lacking)
        or f"ALTER DATABASE {database} {set_timeout}",
    )


CHECK = Check(
    __name__,
    reads=Snapshot,
    needs=("settings", "role_settings", "roles", "sessions"),
    severity="medium",
    confidence="likely",
    find=find,
)
