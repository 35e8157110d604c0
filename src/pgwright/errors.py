"""Every error that the tool raises on purpose; those of the runtime are in `pgwright_runtime.errors`.

    PgwrightError
    ├── ConfigError               a setting, a flag or a file that cannot be used
    │   ├── UnknownSetting
    │   ├── UnreadableSnapshot
    │   └── UnreadableLog         a file that cannot be read as a log of a server
    ├── BrokenCheck               a check of another distribution that cannot be used
    ├── DatabaseError             the server, or what the role may do there
    │   ├── NoDatabaseGiven
    │   ├── ConnectionFailed
    │   ├── ServerTooOld
    │   └── QueryFailed
    ├── EmbeddedServerError       the embedded PostgreSQL could not be set up or started
    ├── UnparsableStatement       a statement that PostgreSQL's grammar does not accept
    ├── StatementRefused          a statement, an index or a setting that cannot be planned with
    ├── TwinError                 the planner twin could not be built
    ├── MigrationError            the app's Alembic directory cannot take or run a revision
    ├── DeployRefused            what is pending is not for a deployment of indexes
    ├── GitError                  the app's git repository cannot take a branch
    ├── ProofError                a proof could not be carried out
    ├── ImportFailed              what was named as module:attribute cannot be imported
    ├── RetentionFailed           policies that could not be planned or run
    ├── BackfillFailed            backfills that could not be planned or run
    ├── ProbeError                an app could not be probed
    ├── NotErased                 a person could not be erased, and nothing was changed
    └── CommitRefused             a handler under probe sent COMMIT as text

An error says what happened, where, and what to do next. The command line turns each into one message
and exit code 2.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from pgwright.visible import on_one_line

if TYPE_CHECKING:
    from collections.abc import Iterable


class PgwrightError(Exception):
    """The base of all errors that are meant for the user."""


class ConfigError(PgwrightError):
    """A setting, a flag or a file cannot be used."""


class UnknownSetting(ConfigError):
    """`[tool.pgwright]` holds a key that does not exist."""

    def __init__(self, key: str, known: Iterable[str], where: str) -> None:
        self.key = key
        nearest = get_close_matches(key, list(known), n=1)
        hint = f" Did you mean {nearest[0]!r}?" if nearest else f" Known: {', '.join(sorted(known))}."
        super().__init__(f"unknown setting {key!r} in {where}.{hint}")


class UnreadableSnapshot(ConfigError):
    """A file given as a snapshot is none, or is of another format."""

    def __init__(self, path: str, reason: str) -> None:
        self.path = path
        super().__init__(f"{path!r} is not a readable snapshot: {reason}. Take one: pgwright snapshot DSN -o FILE")


class UnreadableLog(ConfigError):
    """A file given as the log of a server cannot be read, or is none."""

    def __init__(self, path: str, reason: str, remedy: str = "") -> None:
        self.path = path
        super().__init__(f"cannot read the log {path!r}: {reason}.{remedy and f' {remedy}'}")


_REPAIR = "Repair or uninstall it, or leave out all installed checks: plugins = false in [tool.pgwright]"


class BrokenCheck(PgwrightError):
    """A check that another distribution brings cannot be loaded or fails."""

    def __init__(self, origin: str, reason: str, remedy: str = _REPAIR) -> None:
        self.origin = origin
        super().__init__(f"cannot use the checks of {origin}: {reason}. {remedy}.")


class DatabaseError(PgwrightError):
    """The server, or what the role may do there, stands in the way."""


class NoDatabaseGiven(DatabaseError):
    """No DSN was named and the environment names none."""

    def __init__(self) -> None:
        super().__init__(
            "no database was named. Give a DSN (postgresql://user@host/dbname), "
            "or set DATABASE_URL or PGDATABASE and PGHOST."
        )


class ConnectionFailed(DatabaseError):
    """The server did not accept the connection; the password is never part of the message."""

    def __init__(self, target: str, reason: str, hint: str) -> None:
        self.target = target
        super().__init__(f"cannot connect to {target}: {reason}. {hint}")


class ServerTooOld(DatabaseError):
    """The server is older than the oldest version we know."""

    def __init__(self, version: str) -> None:
        super().__init__(f"the server is PostgreSQL {version}; pgwright reads 13 to 18. Upgrade the server first.")


class QueryFailed(DatabaseError):
    """A catalog query of ours failed; `sqlstate` is the server's code, None where the server gave none."""

    def __init__(self, subject: str, reason: str, sqlstate: str | None = None, *, remedy: str = "") -> None:
        self.reason, self.sqlstate, self.remedy = reason, sqlstate, remedy
        super().__init__(f"could not read {subject}: {reason}")


class EmbeddedServerError(PgwrightError):
    """The embedded PostgreSQL could not be set up or started."""


class UnparsableStatement(PgwrightError):
    """PostgreSQL's own parser does not accept a statement."""

    def __init__(self, text: str, reason: str, position: int | None = None) -> None:
        self.reason, self.position = reason, position
        start = on_one_line(text)[:60]
        super().__init__(f"cannot parse {start!r}: {reason}")


class StatementRefused(PgwrightError):
    """A statement, an index or a setting that cannot be planned with."""


class TwinError(PgwrightError):
    """The planner twin could not be built."""


class MigrationError(PgwrightError):
    """The app's Alembic directory cannot take or run a revision."""


class DeployRefused(PgwrightError):
    """What is pending cannot be deployed as revisions of indexes, and nothing was changed."""


class GitError(PgwrightError):
    """The app's git repository cannot take a branch."""


class ProofError(PgwrightError):
    """A proof could not be carried out."""


class ImportFailed(PgwrightError):
    """What the user named as `module:attribute` could not be imported."""

    def __init__(self, name: str, reason: str, searched: str | None = None, *, is_users: bool = False) -> None:
        self.name, self.reason, self.searched, self.is_users = name, reason, searched, is_users
        where = f" Searched {searched!r} and Python's path; name its folder." if searched else ""
        super().__init__(f"cannot import {name!r}: {reason}. Name it as uvicorn does: package.module:attribute.{where}")


class RetentionFailed(PgwrightError):
    """Policies could not be planned or run; the message says what is done by then."""


class BackfillFailed(PgwrightError):
    """Backfills could not be planned or run; the message says what is done by then."""


class ProbeError(PgwrightError):
    """An app could not be probed."""

    def __init__(self, app: str, reason: str, remedy: str) -> None:
        self.app = app
        super().__init__(f"cannot probe {app!r}: {reason}. {remedy}")


class CommitRefused(PgwrightError):
    """A handler sent COMMIT as text, which the probe cannot hold back."""

    def __init__(self, statement: str) -> None:
        start = on_one_line(statement)[:60]
        super().__init__(f"{start!r} as text would commit, and a probe must leave nothing.")


class NotErased(PgwrightError):
    """A person could not be erased; all was rolled back."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"nothing was erased: {reason.removeprefix('nothing was erased:').strip()}")
