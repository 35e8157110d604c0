"""The list of erased persons: hashes of their keys, in the database and outside of it, for the time after a restore."""

from __future__ import annotations

import hmac
import json
import os
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path

from sqlalchemy import Connection, bindparam, text

from pgwright_runtime._secrets import Secrets, signing_keys
from pgwright_runtime._sql import read_sql

TABLE = "pgwright_erased"
_EXISTS = text(f"SELECT to_regclass('{TABLE}') IS NOT NULL")
_ADD, _ALL, _KNOWN = (text(read_sql("pgwright_runtime.erasure", f"{name}_erased")) for name in ("add", "all", "is"))
_KNOWN = _KNOWN.bindparams(bindparam("persons", expanding=True))


def person_hashes(subject: str, key: Sequence[str], secrets: Secrets) -> list[str]:
    """Return the hash of a person's key by each secret, the current one first.

    HMAC-SHA256 under a key that is derived from the secret: who has the list but not the secret cannot try out keys,
    as plain hashes of numbers would allow.

    >>> [len(one) for one in person_hashes("public.users", ["7"], "sixteen letters!")]
    [64]
    """
    message = json.dumps([subject, *key]).encode()
    return [hmac.new(_pepper(secret), message, sha256).hexdigest() for secret in signing_keys(secrets)]


def _pepper(secret: bytes) -> bytes:
    return hmac.new(secret, b"pgwright: keys of erased persons", sha256).digest()


def has_table(connection: Connection) -> bool:
    """Return whether the database keeps the list, too: `op.create_erased_persons()` makes its table."""
    return bool(connection.execute(_EXISTS).scalar_one())


def record(connection: Connection, subject: str, person: str) -> None:
    """Add a person to the list in the database."""
    connection.execute(_ADD, {"person": person, "subject": subject})


def is_listed(connection: Connection, hashes: Sequence[str]) -> bool:
    """Return whether the list in the database has one of a person's hashes."""
    return has_table(connection) and bool(connection.execute(_KNOWN, {"persons": list(hashes)}).scalar_one())


def listed(connection: Connection, subject: str) -> set[str]:
    """Return the hashes of the list in the database."""
    return set(connection.execute(_ALL, {"subject": subject}).scalars()) if has_table(connection) else set()


class ErasedList:
    """The list in a file that is only appended to; keep it where no restore of the database takes it back."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def add(self, subject: str, person: str, at: str) -> None:
        """Append a person, and return when it is on the disk. Raises: OSError."""
        line = json.dumps({"subject": subject, "person": person, "at": at}) + "\n"
        handle = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(handle, line.encode())  # in one piece: two that append at once do not mix
            os.fsync(handle)
        finally:
            os.close(handle)

    def persons(self, subject: str) -> set[str]:
        """Return the hashes of those of a table. Raises: OSError. ValueError: a line is no entry."""
        return {entry["person"] for entry in self._entries() if entry["subject"] == subject}

    def _entries(self) -> Iterator[dict[str, str]]:
        for number, line in enumerate(self.path.read_text(encoding="utf-8").splitlines(), 1):
            if not line.strip():
                continue
            try:
                entry = json.loads(line)
                yield {"subject": str(entry["subject"]), "person": str(entry["person"])}
            except (ValueError, KeyError, TypeError) as error:
                raise ValueError(
                    f"line {number} of {str(self.path)!r} is no entry of a list of erased persons"
                ) from error
