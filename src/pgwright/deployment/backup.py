"""The backup before a deployment: the command that makes one, and a look into the archive that it made."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shlex import quote

from psycopg.conninfo import conninfo_to_dict

from pgwright.embedded import binaries
from pgwright.model.deployment import BackupCheck
from pgwright.model.snapshot import Snapshot

OLDEST = timedelta(hours=24)
"""What was written since a backup is lost with it."""
_SHOWN = ("host", "port", "user", "dbname")
_FLAGS = {"host": "--host", "port": "--port", "user": "--username", "dbname": "--dbname"}
_SECONDS = 120
_MADE = re.compile(r"^;\s*Archive created at (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)", re.MULTILINE)
_DATABASE = re.compile(r"^;\s*dbname: (.*)$", re.MULTILINE)
_DATA = re.compile(r"^\d+; \d+ \d+ TABLE DATA (\S+) (.+) \S+$", re.MULTILINE)
_MOST_NAMED = 3


def dump_command(dsn: str) -> str:
    """Return the command that backs a database up; it asks for the password, or takes PGPASSWORD or ~/.pgpass.

    >>> dump_command("host=db.example dbname=shop user=app password=s3cret")
    'pg_dump --format=custom --host=db.example --username=app --dbname=shop --file=shop.dump'
    """
    known = {key: str(value) for key, value in conninfo_to_dict(dsn).items() if key in _SHOWN and value}
    flags = [f"{_FLAGS[key]}={quote(known[key])}" for key in _SHOWN if key in known]
    name = re.sub(r"[^\w.-]", "_", known.get("dbname", "database"))
    return " ".join(["pg_dump --format=custom", *flags, f"--file={name}.dump"])


def check_backup(path: Path, snapshot: Snapshot, command: str, *, now: datetime | None = None) -> BackupCheck:
    """Look into an archive of `pg_dump`: whether it can be read, is of this database and recent, and has its tables.

    A listing is not a restore: only who restored it knows that it can be.
    """
    listing, problem = _listed(path)
    if problem:
        return BackupCheck(str(path), command, problems=(problem,))
    made = _MADE.search(listing)
    found = {f"{schema}.{name}" for schema, name in _DATA.findall(listing)}
    problems = tuple(_problems(listing, found, snapshot, path, now or datetime.now(UTC)))
    return BackupCheck(str(path), command, made[1] if made else "", len(found), problems)


def _listed(path: Path) -> tuple[str, str]:
    """Return what pg_restore lists, or why it lists nothing."""
    if not path.exists():
        return "", "there is no such file"
    try:
        done = subprocess.run(
            [str(binaries() / "pg_restore"), "--list", str(path)],
            capture_output=True, text=True, errors="replace", check=False, timeout=_SECONDS, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        return "", f"pg_restore could not list it: {error}"
    if done.returncode:
        return "", f"pg_restore cannot read it: {done.stderr.strip().splitlines()[-1:] or ['']}"
    return done.stdout, ""


def _problems(listing: str, found: set[str], snapshot: Snapshot, path: Path, now: datetime) -> Iterator[str]:
    database = _DATABASE.search(listing)
    if database and database[1].strip() != snapshot.server.database:
        yield f"it is of the database {database[1].strip()!r}, and this is {snapshot.server.database!r}"
    # The archive's own time has no zone; the file's has.
    age = now - datetime.fromtimestamp(path.stat().st_mtime, UTC)
    if age > OLDEST:
        yield f"it is {age.total_seconds() / 3600:,.0f} hours old"
    lacking = [
        str(table.name) for table in snapshot.tables
        if table.kind == "table" and f"{table.name.schema}.{table.name.name}" not in found
    ]  # fmt: skip
    if lacking:
        more = f" and {len(lacking) - _MOST_NAMED} more" if len(lacking) > _MOST_NAMED else ""
        yield f"it has no data of {', '.join(lacking[:_MOST_NAMED])}{more}"
