"""One database into another, empty one: definitions, rows, and what is made of rows, all of one moment."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import psycopg

from pgwright.database import environment, mask, target
from pgwright.embedded import binaries
from pgwright.errors import ProofError
from pgwright.hints import connection_hint
from pgwright.model.not_examined import NotExamined
from pgwright.model.proof import LostRows
from pgwright.proof.lost_rows import complete
from pgwright.twin.restore_schema import prepare, restore

Section = Literal["pre-data", "data", "post-data"]

_COPY_HINTS: Mapping[str, str] = {
    "row-level security": "A copy needs all rows: connect as a role with BYPASSRLS.",
    "permission denied": "A copy reads every table: GRANT pg_read_all_data (from 14 on), or connect as the owner.",
    "statement timeout": "Another session holds an exclusive lock: prove again when it is through.",
}
_LEAVE_OUT: Sequence[str] = (
    "--no-owner", "--no-privileges", "--no-publications", "--no-subscriptions", "--no-security-labels",
    "--no-tablespaces", "--no-comments", "--lock-wait-timeout=5000",
)  # fmt: skip
_OBJECT = "an object of the source"
# pg_restore sets what its own version knows; an older server lacks nothing without it.
_NO_LOSS = "unrecognized configuration parameter"


@dataclass(frozen=True)
class Copied:
    """What a copy lacks."""

    not_examined: tuple[NotExamined, ...]
    """Objects that its server could not take."""
    lost_rows: tuple[LostRows, ...]


def copy_database(source: str, copy: str, catalogs: psycopg.Connection | None) -> Copied:
    """Copy a database; return what the copy lacks.

    Args:
        source: DSN of a database, which is only read.
        copy: DSN of an empty one, as its owner.
        catalogs: to the empty one, as superuser; None where there is none: the owner makes what it may.
    Raises: ProofError: the source cannot be read.
    """
    with _moment(source) as (moment, reading):
        with psycopg.connect(copy, autocommit=True) as owner:
            definitions, missing = prepare(catalogs, _dumped(source, moment, "pre-data"), place="copy")
            missing += restore(owner, definitions, place="copy")
        complaints = _rows(source, moment, copy)
        with psycopg.connect(copy, autocommit=True) as owner:
            lost, complaints = complete(reading, owner, complaints)
        missing += tuple(NotExamined(_OBJECT, f"left out of the copy: {one}") for one in complaints)
        with psycopg.connect(copy, autocommit=True) as owner:
            definitions, _ = prepare(None, _dumped(source, moment, "post-data"), place="copy")
            missing += restore(owner, definitions, place="copy")
    return Copied(missing, lost)


@contextmanager
def _moment(source: str) -> Iterator[tuple[str, psycopg.Connection]]:
    """Hold one moment of the source open, so that its parts fit; give its name. Raises ProofError."""
    try:
        with psycopg.connect(source, prepare_threshold=None) as connection:
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            connection.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
            row = connection.execute("SELECT pg_catalog.pg_export_snapshot()").fetchone()
            assert row is not None
            yield row[0], connection
    except psycopg.Error as error:
        raise ProofError(f"could not copy {target(source)}: {mask(str(error).strip())}") from error


def _dump(moment: str, section: Section) -> list[str]:
    options = [f"--snapshot={moment}", f"--section={section}", "--no-sync", *_LEAVE_OUT]
    return [str(binaries() / "pg_dump"), *options]


def _dumped(source: str, moment: str, section: Section) -> str:
    dump = _dump(moment, section)
    # As bytes: text would make a line break of a carriage return in a name.
    done = subprocess.run(dump, capture_output=True, check=False, env=_environment(source))
    if done.returncode:
        raise _failed(source, done.stderr.decode(errors="replace"))
    return done.stdout.decode()


def _rows(source: str, moment: str, copy: str) -> tuple[str, ...]:
    """Copy the rows; return what pg_restore complained of."""
    dump = [*_dump(moment, "data"), "--format=custom", "--compress=none"]
    restore = [str(binaries() / "pg_restore"), "--no-owner", "--no-privileges", "--dbname="]
    with (
        subprocess.Popen(dump, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=_environment(source)) as reading,
        subprocess.Popen(
            restore, stdin=reading.stdout, stderr=subprocess.PIPE, text=True, env=_environment(copy)
        ) as writing,
    ):
        try:
            assert reading.stdout is not None
            reading.stdout.close()  # so that pg_dump notices when pg_restore ends
            _, complaints = writing.communicate()
            said = reading.stderr.read().decode(errors="replace") if reading.stderr is not None else ""
            failed = reading.wait() != 0
        except BaseException:
            reading.kill()
            writing.kill()
            raise
    if failed:
        raise _failed(source, said)
    errors = [line.split("error:", 1)[1].strip() for line in complaints.splitlines() if "error:" in line]
    return tuple(error for error in errors if _NO_LOSS not in error)


def _failed(source: str, said: str) -> ProofError:
    reason = mask(_first_line(said)).rstrip(".")
    refused = (
        connection_hint(said) if "FATAL:" in said else ""
    )  # a pooler with one connection: we hold the moment on it
    remedy = next((hint for text, hint in _COPY_HINTS.items() if text in reason), refused)
    return ProofError(f"could not copy {target(source)}: {reason}. {remedy}".rstrip())


def _environment(dsn: str) -> dict[str, str]:
    return {**environment(dsn), "PGCLIENTENCODING": "UTF8", "LC_ALL": "C", "PATH": os.defpath}


def _first_line(text: str) -> str:
    return (text.strip().splitlines() or ["pg_dump gave no reason"])[0].removeprefix("pg_dump: error: ")
