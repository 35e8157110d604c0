"""The settings that copies plan and run with: those of production, and on one of them those that are proved."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from pgwright.database import mask
from pgwright.errors import ProofError
from pgwright.model.names import quote, quote_literal
from pgwright.model.snapshot import Snapshot
from pgwright.workload.tuning import main_role

# What ends a word of the `options` of a connection.
_SPECIAL, _ESCAPED = re.compile(r"([\\\s])"), r"\\\1"


def plan_as(dsn: str, source: Snapshot, role: str = "") -> None:
    """Give the sessions on a copy the planner settings of the source, as far as its server knows and allows them.

    Args:
        role: whose settings they are where ALTER ROLE gave it its own; "": those that the reader of the snapshot has.
    """
    with psycopg.connect(dsn, autocommit=True) as connection:
        for setting in source.settings:
            if setting.is_planner:
                own = source.setting_of(role, setting.name) if role else None
                with suppress(psycopg.Error):
                    _fix(connection, setting.name, setting.raw if own is None else own)


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


def with_settings(dsn: str, settings: Mapping[str, str]) -> str:
    """Return a DSN whose sessions have these settings from their start, and fall back to them on RESET.

    >>> with_settings("dbname=shop", {"work_mem": "64MB", "app.name": "a b"})
    "dbname=shop options='-c work_mem=64MB -c app.name=a\\\\\\\\ b'"
    """
    given = [f"-c {name}={_SPECIAL.sub(_ESCAPED, value)}" for name, value in settings.items()]
    own = str(conninfo_to_dict(dsn).get("options") or "")
    return make_conninfo(dsn, options=" ".join(filter(None, (own, *given))))


def apply_and_undo(settings: Mapping[str, str], source: Snapshot) -> tuple[str, str]:
    """Return SQL that gives the sessions of the workload these settings, and SQL that takes them back.

    For the database; for the role that does most of the work where it has its own, which beats the database's.
    """
    role, kept = main_role(source), {(one.role, one.name): one.value for one in source.role_settings}
    database, applied, undone = quote(source.server.database), [], []
    for name, value in settings.items():
        own = role if (role, name) in kept else ""
        whose = f"ALTER ROLE {quote(own)} IN DATABASE {database}" if own else f"ALTER DATABASE {database}"
        was = kept.get((own, name))
        applied.append(f"{whose} SET {name} = {quote_literal(value).strip()};")
        undone.append(
            f"{whose} RESET {name};" if was is None else f"{whose} SET {name} = {quote_literal(was).strip()};"
        )
    return "\n".join(applied), "\n".join(undone)


def _fix(connection: psycopg.Connection, name: str, value: str) -> None:
    statement = sql.SQL("ALTER DATABASE {} SET {} = {}").format(
        sql.Identifier(connection.info.dbname), sql.Identifier(*name.split(".")), sql.Literal(value)
    )
    connection.execute(statement)
