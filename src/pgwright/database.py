"""A connection that can do no harm: read-only, with statement and lock timeouts, and no password in any message."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql
from psycopg.adapt import Buffer, Loader
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import dict_row

from pgwright.errors import ConfigError, ConnectionFailed, NoDatabaseGiven, QueryFailed, ServerTooOld
from pgwright.hints import connection_hint
from pgwright.marks import marked
from pgwright.sql_files import read_sql

APPLICATION_NAME = "pgwright"
OLDEST_VERSION = 130_000
# The newest whose catalogs we know. A later one is read as far as it goes, and that is told.
NEWEST_MAJOR = 18
_CONNECT_SECONDS = 10
_SQLALCHEMY_DRIVER = re.compile(r"\A(postgres(?:ql)?)\+\w+://", re.IGNORECASE)
# Two @, or a / before the only one, ahead of the options.
_BARE_SIGN = re.compile(r"\Apostgres(?:ql)?://(?:[^?]*@[^?]*@|[^?@]*:[^?@]*/[^?@]*@)", re.IGNORECASE)
_ASYNCPG_SSL = re.compile(r"([?&])ssl=")

# libpq keyword → the environment variable that says the same, for programs such as pg_dump: a password in the
# environment is seen by its owner only, one on a command line by everybody.
_ENVIRONMENT = {
    "host": "PGHOST", "hostaddr": "PGHOSTADDR", "port": "PGPORT", "dbname": "PGDATABASE", "user": "PGUSER",
    "password": "PGPASSWORD", "passfile": "PGPASSFILE", "service": "PGSERVICE", "sslmode": "PGSSLMODE",
    "sslcert": "PGSSLCERT", "sslkey": "PGSSLKEY", "sslrootcert": "PGSSLROOTCERT", "sslcrl": "PGSSLCRL",
    "sslnegotiation": "PGSSLNEGOTIATION", "channel_binding": "PGCHANNELBINDING", "gssencmode": "PGGSSENCMODE",
    "krbsrvname": "PGKRBSRVNAME", "target_session_attrs": "PGTARGETSESSIONATTRS", "options": "PGOPTIONS",
    "connect_timeout": "PGCONNECT_TIMEOUT", "application_name": "PGAPPNAME",
}  # fmt: skip

Row = dict[str, Any]


@dataclass(frozen=True)
class Limits:
    """What our own reading may cost the server, at most."""

    statement_timeout_ms: int = 30_000
    lock_timeout_ms: int = 1_000


_LIMITS: ContextVar[Limits | None] = ContextVar("limits", default=None)


@contextmanager
def limited(limits: Limits) -> Iterator[None]:
    """Read with these limits meanwhile."""
    token = _LIMITS.set(limits)
    try:
        yield
    finally:
        _LIMITS.reset(token)


def conninfo(dsn: str | None) -> str:
    """Return libpq keywords for what the user gave: a URL (SQLAlchemy's too), keywords, or nothing.

    With nothing, DATABASE_URL is taken, else libpq's own PG* variables.
    Raises: NoDatabaseGiven: nothing names a database. ConfigError: the text is neither a URL nor keywords.
    """
    given = dsn or os.environ.get("DATABASE_URL", "")
    if not given and not any(os.environ.get(name) for name in ("PGDATABASE", "PGHOST", "PGSERVICE")):
        raise NoDatabaseGiven
    plain = _ASYNCPG_SSL.sub(r"\1sslmode=", _SQLALCHEMY_DRIVER.sub(r"\1://", given))
    if _BARE_SIGN.match(plain):  # libpq would take a part of the password for the host, and name it
        raise ConfigError(
            "the URL has a second @, or a / ahead of it. In a password or a name write %40 for @, %2F for /."
        )
    try:
        conninfo_to_dict(plain)  # make_conninfo alone does not parse it in older versions of psycopg
        return make_conninfo(plain)
    except psycopg.ProgrammingError:
        # libpq's own message repeats the text, password and all.
        raise ConfigError(
            f"{_without_secrets(given)!r} is no DSN. Give a URL (postgresql://user@host:5432/dbname), "
            "libpq keywords ('host=… dbname=…'), or the path of a snapshot file that exists."
        ) from None


def environment(dsn: str) -> dict[str, str]:
    """Return the process environment in which libpq's programs reach the same database."""
    given = {_ENVIRONMENT[key]: str(value) for key, value in conninfo_to_dict(dsn).items() if key in _ENVIRONMENT}
    # A service beats variables, so one of the environment would lead away from a host that the DSN names.
    own = {key: value for key, value in os.environ.items() if "PGHOST" not in given or key != "PGSERVICE"}
    return {**own, "PGAPPNAME": APPLICATION_NAME, **given}


def mask(text: str) -> str:
    """Return a DSN, or a text that quotes one, without its password.

    >>> mask("postgresql://app:s3cret@db/shop"), mask("host=db password='a b' dbname=shop")
    ('postgresql://app:***@db/shop', 'host=db password=*** dbname=shop')
    """
    without_url_password = re.sub(r"(://[^:/@\s]*):[^/\s]*@", r"\1:***@", text)
    return re.sub(r"(password\s*=\s*)('(?:[^'\\]|\\.)*'|[^\s&]+)", r"\1***", without_url_password, flags=re.IGNORECASE)


def _without_secrets(text: str) -> str:
    """Return a text that nobody could parse, without all that may be a password."""
    without_url_password = re.sub(r":(?!//)[^\n]*@", ":***@", text)
    return re.sub(r"(password\s*=).*", r"\1***", without_url_password, flags=re.IGNORECASE | re.DOTALL)


def target(dsn: str) -> str:
    """Return who connects where, for messages: `app@db.example:5432/shop`."""
    known = conninfo_to_dict(dsn)
    user = known.get("user") or os.environ.get("PGUSER") or ""
    host = known.get("host") or os.environ.get("PGHOST") or "local socket"
    name = known.get("dbname") or os.environ.get("PGDATABASE") or user
    port = known.get("port") or os.environ.get("PGPORT") or "5432"
    return f"{user}@{host}:{port}/{name}" if user else f"{host}:{port}/{name}"


class ReadOnlyDatabase:
    """One read-only, repeatable-read transaction: every reader sees the same moment and can change nothing.

    Limits are set inside the transaction (SET LOCAL), so a pooler in transaction mode keeps none of it.
    """

    def __init__(self, connection: psycopg.Connection[Row], dsn: str, limits: Limits) -> None:
        self._connection = connection
        self.dsn = dsn
        self.limits = limits
        self.version_number = server_version(connection)
        self.has_encoding = _has_encoding(connection)
        # Whatever a name means to somebody else: a view or a foreign table of the user is never read.
        self.refuses_views = bool(self.query(_REFUSE_VIEWS))

    def read(
        self,
        package: str,
        name: str,
        parameters: Mapping[str, object] | None = None,
        *,
        relation: str = "",
        role: str | None = None,
    ) -> list[Row]:
        """Run a query that stands in a `.sql` file beside `package`; the newest variant that the server knows.

        `relation` takes the place of `/*relation*/`, where a query needs a name that only the server knows. `role`:
        read as that one, which must be ours to take.

        `name_post_160000.sql` is preferred on servers from 16 on, `name.sql` is the general one.
        Raises: QueryFailed, with the transaction still usable.
        """
        text = read_sql(package, name, self.version_number).replace("/*relation*/", relation)
        return self.query(text, parameters, subject=name.replace("_", " "), role=role)

    def query(
        self,
        text: str,
        parameters: Mapping[str, object] | None = None,
        *,
        subject: str = "a catalog",
        role: str | None = None,
    ) -> list[Row]:
        """Run one query under a savepoint. Raises QueryFailed, with the transaction still usable."""
        try:
            with self._connection.transaction() as savepoint:
                if role is not None:
                    self._connection.execute(marked("SELECT set_config('role', %s, true)").encode(), (role,))
                rows = self._connection.execute(marked(text).encode(), parameters).fetchall()
                if role is not None:
                    raise psycopg.Rollback(savepoint)  # and be ourselves again
            return rows
        except psycopg.OperationalError as error:
            if self._connection.broken:
                raise ConnectionFailed(target(self.dsn), _reason(error), "The server ended the connection.") from None
            raise QueryFailed(subject, _reason(error), error.sqlstate) from error
        except psycopg.Error as error:
            raise QueryFailed(subject, _reason(error), error.sqlstate) from error

    def extension_function(self, extension: str, signature: str) -> ExtensionFunction | None:
        """Return a function in C that an extension brought, and nobody but a superuser could have made; else None.

        `signature` is its name with its argument types: `bt_metap(text)`.
        """
        found = self.query(_EXTENSION_FUNCTION, {"extension": extension, "signature": signature})
        return ExtensionFunction(**found[0]) if found else None

    @property
    def is_pooled(self) -> bool:
        """True behind a pooler: the process we were told of at connect is not the one that answers."""
        (row,) = self.query("SELECT pg_backend_pid() AS pid")
        return bool(row["pid"] != self._connection.info.backend_pid)


@dataclass(frozen=True)
class ExtensionFunction:
    schema: str
    name: str
    """With its schema, as SQL text."""
    may_use_schema: bool
    may_call: bool


_EXTENSION_FUNCTION = """
SELECT n.nspname AS schema, quote_ident(n.nspname) || '.' || quote_ident(p.proname) AS name,
    has_schema_privilege(n.oid, 'USAGE') AS may_use_schema, has_function_privilege(p.oid, 'EXECUTE') AS may_call
FROM pg_extension e
JOIN pg_depend d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.deptype = 'e'
    AND d.classid = 'pg_proc'::regclass
JOIN pg_proc p ON p.oid = d.objid
JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE e.extname = %(extension)s AND p.proname || '(' || oidvectortypes(p.proargtypes) || ')' = %(signature)s
  AND p.prolang = 13 -- ClanguageId
"""
# The setting came with the minor releases of August 2024.
_REFUSE_VIEWS = """
SELECT set_config(s.name, 'view, foreign-table', true)
FROM pg_settings s WHERE s.name = 'restrict_nonsystem_relation_kind'
"""


@contextmanager
def connect(dsn: str | None, limits: Limits | None = None) -> Iterator[ReadOnlyDatabase]:
    """Open a database for reading only; `limits` are those of `limited` unless given.

    Raises: NoDatabaseGiven, ConfigError, ConnectionFailed, ServerTooOld.
    """
    info = conninfo(dsn)
    try:
        opened = psycopg.connect(
            _with_defaults(info),
            autocommit=True,
            prepare_threshold=None,  # prepared statements do not survive a pooler in transaction mode
            row_factory=dict_row,
        )
    except psycopg.OperationalError as error:
        raise failed(info, error) from None
    limits = limits or _LIMITS.get() or Limits()
    with opened as connection:
        if server_version(connection) < OLDEST_VERSION:
            raise ServerTooOld(connection.info.parameter_status("server_version") or "before 13")
        connection.execute(marked("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").encode())
        # A catalog query of ours means the catalog, whatever a schema holds, or the temporary one of a pooled session.
        connection.execute(marked("SET LOCAL search_path = pg_catalog, pg_temp").encode())
        for name, value in (
            ("statement_timeout", limits.statement_timeout_ms),
            ("lock_timeout", limits.lock_timeout_ms),
            ("idle_in_transaction_session_timeout", 10 * limits.statement_timeout_ms),
            # What the database's owner may have set, and what our queries and what they return depend on.
            ("standard_conforming_strings", "on"),
            ("quote_all_identifiers", "off"),
            ("array_nulls", "on"),
            ("transform_null_equals", "off"),
            ("max_parallel_workers_per_gather", "0"),
            ("jit", "off"),
            # Values read as text mean the same wherever they are read back, and lose no digit.
            ("DateStyle", "ISO, MDY"),
            ("IntervalStyle", "postgres"),
            ("extra_float_digits", "1"),
            ("lc_monetary", "C"),
        ):
            setting = sql.SQL("SET LOCAL {} = {}").format(sql.Identifier(name), sql.Literal(str(value)))
            connection.execute(marked(setting.as_string()).encode())
        if not _has_encoding(connection):
            # Nothing says in which encoding its texts are, and the server hands out as UTF-8 only what is UTF-8.
            connection.execute(marked("SET LOCAL client_encoding = 'SQL_ASCII'").encode())
            for type_name in ("text", "name", "varchar", "bpchar"):
                connection.adapters.register_loader(type_name, _BytesLoader)
        yield ReadOnlyDatabase(connection, info, limits)
        connection.execute("ROLLBACK")


def failed(info: str, error: psycopg.OperationalError) -> ConnectionFailed:
    """Return what to tell of a connection that was not made, without its password."""
    return ConnectionFailed(target(info), _reason(error), connection_hint(str(error)))


def server_version(connection: psycopg.Connection[Any]) -> int:
    """Return the server's version as `server_version_num` has it: the one place where it is asked."""
    return connection.info.server_version


def _has_encoding(connection: psycopg.Connection[Any]) -> bool:
    return connection.info.parameter_status("server_encoding") != "SQL_ASCII"


class _BytesLoader(Loader):
    """Reads text of an unknown encoding."""

    def load(self, data: Buffer) -> str:
        return decoded(bytes(data))


def decoded(text: bytes) -> str:
    """Return text as UTF-8; bytes that are none stand as escapes: `caf\\xe9`."""
    return text.decode("utf-8", errors="backslashreplace")


def _with_defaults(info: str) -> str:
    known = conninfo_to_dict(info)
    return make_conninfo(
        info,
        client_encoding="UTF8",
        application_name=known.get("application_name") or APPLICATION_NAME,
        connect_timeout=known.get("connect_timeout") or _CONNECT_SECONDS,
    )


def _reason(error: psycopg.Error) -> str:
    """Return the line of the server's or libpq's message that says why."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    # libpq's second line only asks whether the server runs; with several addresses the last one counts.
    asides = ("Is the server running", "Multiple connection", "Either provide the file")
    telling = [line for line in lines if not line.startswith(asides)]
    primary = error.diag.message_primary or (telling or lines)[-1]
    return mask(primary.removeprefix("connection failed: ").rstrip(".?"))
