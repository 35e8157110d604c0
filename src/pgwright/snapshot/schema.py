"""The schema as `pg_dump` writes it, for the twin: the server's own tool knows every kind of object."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Collection
from pathlib import Path

from pgwright.database import NEWEST_MAJOR, ReadOnlyDatabase, decoded, environment, mask
from pgwright.embedded import binaries
from pgwright.errors import QueryFailed
from pgwright.hints import connection_hint
from pgwright.model.names import quote
from pgwright.snapshot.failures import LOCKED, longer
from pgwright.snapshot.hidden import Hidden

# pg_dump takes ACCESS SHARE on every table; behind somebody's ALTER TABLE it gives up rather than queue.
_LOCK_WAIT_MS = 2_000
# It asks some hundred queries, each of which may take as long as one of ours.
_QUERIES = 4
_VERSION = re.compile(r"\(PostgreSQL\) (\d+)")


def read_schema(database: ReadOnlyDatabase, hidden: Collection[Hidden]) -> str:
    """Return `pg_dump --schema-only` of all that our role may read. Raises QueryFailed."""
    closed = [one for one in hidden if one.is_closed and not one.is_sequence]
    denied = [one.name for one in hidden if one.is_denied and not one.is_closed and not one.is_sequence]
    command = [
        str(_program(database.version_number // 10_000)),
        "--schema-only",
        "--no-owner",
        "--no-privileges",
        "--no-publications",
        "--no-subscriptions",
        "--no-security-labels",
        "--no-tablespaces",
        "--no-comments",
        "--no-sync",
        f"--lock-wait-timeout={_LOCK_WAIT_MS}",
        *(f"--exclude-schema={_pattern(name)}" for name in dict.fromkeys(one.name.schema for one in closed)),
        *(f"--exclude-table={_pattern(name.schema)}.{_pattern(name.name)}" for name in denied),
    ]
    seconds = _QUERIES * database.limits.statement_timeout_ms / 1000
    encoding = "UTF8" if database.has_encoding else "SQL_ASCII"
    try:
        result = subprocess.run(
            command,
            capture_output=True,
            check=False,
            timeout=seconds,
            env={**environment(database.dsn), "PGCLIENTENCODING": encoding, "LC_ALL": "C", "PATH": os.defpath},
        )
    except subprocess.TimeoutExpired as error:
        raise QueryFailed("the schema", f"pg_dump took more than {seconds:.0f} s", remedy=longer(database)) from error
    if result.returncode:
        said = mask(decoded(result.stderr))
        lines = said.strip().splitlines() or ["pg_dump gave no reason"]
        reason = lines[0].removeprefix("pg_dump: ").removeprefix("error: ")
        raise QueryFailed("the schema", reason, remedy=_remedy(said, database.version_number // 10_000))
    return decoded(result.stdout).replace("SET client_encoding = 'SQL_ASCII';", "SET client_encoding = 'UTF8';")


def _program(major: int) -> Path:
    """Return the pg_dump that fits: ours, but for a newer server one from PATH that is as new."""
    own = binaries() / "pg_dump"
    found = shutil.which("pg_dump")
    if major <= NEWEST_MAJOR or found is None:
        return own
    answer = subprocess.run([found, "--version"], capture_output=True, text=True, check=False, timeout=10)
    version = _VERSION.search(answer.stdout)
    return Path(found) if version is not None and int(version[1]) >= major else own


def _remedy(said: str, major: int) -> str:
    """Return what helps, by what pg_dump said: it tells no code."""
    if "server version mismatch" in said:
        return f"pip install --upgrade pgwright, or put the pg_dump of PostgreSQL {major} into PATH"
    if "lock timeout" in said or "statement timeout" in said:
        return LOCKED
    if "permission denied" in said:
        return "let the role read what the message names, or read as its owner"
    return connection_hint(said) if "connection to server" in said else ""


def _pattern(name: str) -> str:
    """Return a name as a pg_dump pattern that matches it alone."""
    quoted = quote(name)
    return quoted if quoted.startswith('"') else f'"{quoted}"'
