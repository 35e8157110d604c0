"""What a connection needs when PgBouncer, or a pooler like it, stands before the server.

Such a pooler refuses a connection that brings settings which it does not know ("unsupported startup parameter"): all
but application_name, client_encoding, datestyle, timezone and standard_conforming_strings. So the limits come later:

- pooler "none": with the connection;
- "session": by SET, when the connection is opened; the server's connection stays ours until ours is closed;
- "transaction": by SET LOCAL, at the begin of each transaction. Nothing of ours stays on the server's connection.

In transaction mode no statement keeps a name, for the next one may reach another of the server's connections.

Source: PgBouncer's manual, ignore_startup_parameters and the table of features (https://www.pgbouncer.org/features.html).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Literal

from sqlalchemy import Connection, Engine, event

Pooler = Literal["none", "session", "transaction"]


def connect_arguments(driver: str, pooler: Pooler, limits: dict[str, int], application_name: str) -> dict[str, Any]:
    """Return what to connect with.

    Args:
        driver: "asyncpg" or "psycopg".
        limits: settings in milliseconds.
        application_name: "": as the driver has it.
    """
    name = {"application_name": application_name} if application_name else {}
    settings = {**{key: str(value) for key, value in limits.items()}, **name}
    if driver == "asyncpg":
        if pooler != "transaction":
            return {"server_settings": name if pooler == "session" else settings}
        return {"server_settings": name, **_without_prepared_statements(), "connection_class": _limited_class(limits)}
    if pooler == "none":
        return {"options": " ".join(f"-c {key}={_escape(value)}" for key, value in settings.items())}
    return {**name, "prepare_threshold": None} if pooler == "transaction" else dict(name)


def merge_arguments(own: Mapping[str, Any], given: Mapping[str, Any], settings: Collection[str]) -> dict[str, Any]:
    """Return what to connect with, together with what the app gives as `connect_args`.

    Args:
        settings: names of the server's settings that are ours.
    Raises: ValueError: the app gives one that is ours.
    """
    options = str(given.get("options", "")).replace("-", "_")
    stated = {*given, *given.get("server_settings", ()), *(name for name in settings if name in options)}
    twice = stated & {*settings, *own} - {"options", "server_settings"}
    if twice:
        names = ", ".join(sorted(twice))
        raise ValueError(
            f"connect_args has {names}, which come from timeouts, application_name and pooler; leave it out"
        )
    merged = {**given, **own}
    if "server_settings" in given:
        merged["server_settings"] = {**given["server_settings"], **own.get("server_settings", {})}
    if "options" in given:
        merged["options"] = f"{given['options']} {own.get('options', '')}".strip()
    return merged


def apply_limits(engine: Engine, driver: str, pooler: Pooler, limits: dict[str, int]) -> None:
    """Let the engine set the limits itself where they could not come with the connection."""
    if pooler == "none" or not limits:
        return
    if pooler == "session":
        event.listen(engine, "connect", lambda connection, _: _execute(connection, _assignments("SET", limits)))
    elif driver == "psycopg":  # asyncpg's connections do it themselves
        event.listen(engine, "begin", lambda connection: _limit_transaction(connection, limits))


def _without_prepared_statements() -> dict[str, Any]:
    # A unique name for each statement would do inside a transaction, but not in autocommit, and the server would keep
    # every one of them: PgBouncer sends the request to forget it to whichever connection is free. "" is the unnamed
    # statement, which the next one replaces; with a cache size of 0 asyncpg sends it again with each execution.
    return {"statement_cache_size": 0, "prepared_statement_cache_size": 0, "prepared_statement_name_func": lambda: ""}


def _limited_class(limits: dict[str, int]) -> type:
    import asyncpg  # type: ignore[import-untyped]

    assignments = "; ".join(_assignments("SET LOCAL", limits))

    class LimitedConnection(asyncpg.Connection):  # type: ignore[misc]
        """A connection whose transactions begin with their limits, in the same message: no further round trip."""

        async def execute(self, query: str, *arguments: Any, timeout: float | None = None) -> str:
            if assignments and query.startswith("BEGIN") and ";" not in query[:-1]:
                query = f"{query.removesuffix(';')}; {assignments}"
            status: str = await super().execute(query, *arguments, timeout=timeout)
            return status

    return LimitedConnection


def _limit_transaction(connection: Connection, limits: dict[str, int]) -> None:
    driver_connection = connection.connection.dbapi_connection
    if driver_connection is not None and not getattr(driver_connection, "autocommit", False):
        # One message: psycopg sends statements without parameters as they are. Not `SELECT set_config()`, which would
        # take the snapshot of a repeatable-read transaction before its first statement.
        _execute(driver_connection, ["; ".join(_assignments("SET LOCAL", limits))], commit=False)


def _assignments(command: str, limits: dict[str, int]) -> list[str]:
    return [f"{command} {name} = {int(milliseconds)}" for name, milliseconds in limits.items()]


def _execute(driver_connection: Any, statements: list[str], *, commit: bool = True) -> None:
    # Below SQLAlchemy's own cursor, so that nobody counts these as the app's statements.
    cursor = driver_connection.cursor()
    try:
        for statement in statements:
            cursor.execute(statement)
    finally:
        cursor.close()
    if commit:
        driver_connection.commit()


def _escape(value: str) -> str:
    """Escape a value for libpq's `options`, where spaces part the settings."""
    return value.replace("\\", "\\\\").replace(" ", "\\ ")
