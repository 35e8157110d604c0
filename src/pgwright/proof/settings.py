"""The settings that copies plan and run with: those of production, and on one of them those that are proved."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

import psycopg
from psycopg import sql

from pgwright.database import mask
from pgwright.errors import ProofError
from pgwright.model.snapshot import Snapshot


def plan_as(dsn: str, source: Snapshot) -> None:
    """Give the sessions on a copy the planner settings of the source, as far as its server knows and allows them."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        for setting in source.settings:
            if setting.is_planner:
                with suppress(psycopg.Error):
                    _fix(connection, setting.name, setting.raw)


def fix_settings(dsn: str, settings: Mapping[str, str]) -> str:
    """Give the sessions on a copy these settings, and name them. Raises ProofError: the server refuses one."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        for name, value in settings.items():
            try:
                _fix(connection, name, value)
            except psycopg.Error as error:
                said = mask(error.diag.message_primary or str(error).strip())
                raise ProofError(f"the copy's server refuses {name} = {value}: {said}") from error
    return ", ".join(f"{name} = {value}" for name, value in settings.items())


def _fix(connection: psycopg.Connection, name: str, value: str) -> None:
    statement = sql.SQL("ALTER DATABASE {} SET {} = {}").format(
        sql.Identifier(connection.info.dbname), sql.Identifier(*name.split(".")), sql.Literal(value)
    )
    connection.execute(statement)
