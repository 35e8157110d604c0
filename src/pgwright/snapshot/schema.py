"""The schema as `pg_dump` writes it, for the twin: the server's own tool knows every kind of object."""

from __future__ import annotations

import os
import subprocess

from pgwright.database import Row, environment, mask
from pgwright.embedded import binaries
from pgwright.errors import QueryFailed
from pgwright.model.names import quote

# pg_dump takes ACCESS SHARE on every table; behind somebody's ALTER TABLE it gives up rather than queue.
_LOCK_WAIT_MS = 2_000
_TIMEOUT_SECONDS = 120


def read_schema(dsn: str, hidden: list[Row]) -> str:
    """Return `pg_dump --schema-only` of all that our role may read. Raises QueryFailed."""
    command = [
        str(binaries() / "pg_dump"),
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
        *(f"--exclude-schema={_pattern(row['schema'])}" for row in hidden if row["name"] is None),
        *(f"--exclude-table={_pattern(row['schema'])}.{_pattern(row['name'])}" for row in hidden if row["name"]),
    ]
    try:
        result = subprocess.run(
            command,
            capture_output=True,
            check=False,
            timeout=_TIMEOUT_SECONDS,
            env={**environment(dsn), "PGCLIENTENCODING": "UTF8", "LC_ALL": "C", "PATH": os.defpath},
        )
    except subprocess.TimeoutExpired as error:
        raise QueryFailed("the schema", f"pg_dump took more than {_TIMEOUT_SECONDS} s") from error
    if result.returncode:
        lines = result.stderr.decode(errors="replace").strip().splitlines() or ["pg_dump gave no reason"]
        raise QueryFailed("the schema", mask(lines[0].removeprefix("pg_dump: ").removeprefix("error: ")))
    return result.stdout.decode()  # as text, subprocess would make a line's end of the \r in a name


def _pattern(name: str) -> str:
    """Return a name as a pg_dump pattern that matches it alone."""
    quoted = quote(name)
    return quoted if quoted.startswith('"') else f'"{quoted}"'
