"""The schema of a snapshot, restored by psql; what the embedded server cannot take is left out and named."""

from __future__ import annotations

import os
import re
import subprocess
from bisect import bisect

import psycopg
from psycopg.pq import ExecStatus

from pgwright.database import environment
from pgwright.embedded import EmbeddedServer, binaries
from pgwright.errors import TwinError
from pgwright.model.names import quote
from pgwright.model.not_examined import NotExamined
from pgwright.model.snapshot import Snapshot
from pgwright.sql_files import read_sql
from pgwright.twin.collation import without_icu
from pgwright.twin.needed_schema import needed_tables, prune

_HEADER = re.compile(r"^-- Name: (?P<name>.*?); Type: (?P<type>[^;]+); Schema: (?P<schema>[^;]*)", re.MULTILINE)
_TRANSACTION_TIMEOUT_SINCE = 170_000
_OF_PSQL = re.compile(r"^\\(?:un)?restrict .*$", re.MULTILINE)
_ERROR = re.compile(r"^psql:<stdin>:(?P<line>\d+): (?:ERROR|FATAL): +(?P<text>.*)$", re.MULTILINE)
_MISSING_RELATION = re.compile(r'relation "(?P<name>.*)" does not exist')
_IDENTIFIER = r'(?:"(?:[^"]|"")+"|[\w$]+)'
_POLICY_ROLES = re.compile(
    rf"^CREATE POLICY .*? TO ({_IDENTIFIER}(?:, {_IDENTIFIER})*)(?: USING | WITH CHECK |;)", re.M
)


def restore_schema(
    server: EmbeddedServer, database: str, snapshot: Snapshot, *, is_whole: bool
) -> tuple[NotExamined, ...]:
    """Restore what planning the workload needs, or all of it; return what was left out. Raises TwinError."""
    keep = None if is_whole else needed_tables(snapshot)
    schema_sql = snapshot.schema_sql if keep is None else prune(snapshot.schema_sql, keep)
    has_policies = any(table.has_row_security for table in snapshot.tables)
    grants = read_sql("pgwright.twin", "grant_all") if has_policies else ""
    with server.admin(database) as connection:
        schema_sql = _for_server(schema_sql, connection)
    text = (
        "SET client_min_messages = error;\nSET check_function_bodies = off;\nSET synchronous_commit = off;\n"
        f"{_roles(snapshot)}{schema_sql}\nRESET ALL;\n{grants}"
    )
    if _is_taken_whole(server, database, text):
        return ()
    result = subprocess.run(
        [str(binaries() / "psql"), "-X", "-q", "--set=ON_ERROR_STOP=0", "--set=VERBOSITY=terse", "--file=-"],
        input=text,
        capture_output=True,
        text=True,
        check=False,
        env={**environment(server.dsn(database)), "PGCLIENTENCODING": "UTF8", "LC_ALL": "C", "PATH": os.defpath},
    )
    if result.returncode > 1:
        raise TwinError(f"the schema could not be restored: {result.stderr.strip()[:300]}")
    return _left_out(result.stderr, text)


def _for_server(schema_sql: str, connection: psycopg.Connection) -> str:
    """Return a schema without the settings and collations that a server does not know."""
    if connection.info.server_version < _TRANSACTION_TIMEOUT_SINCE:
        schema_sql = schema_sql.replace("SET transaction_timeout = 0;\n", "", 1)
    row = connection.execute("""SELECT to_regcollation('pg_catalog."und-x-icu"') IS NOT NULL""").fetchone()
    return schema_sql if row is not None and row[0] else without_icu(schema_sql)


def _is_taken_whole(server: EmbeddedServer, database: str, text: str) -> bool:
    """Send the whole script as one message, in a third less time than statement by statement; all or nothing."""
    with server.admin(database) as connection:
        return connection.pgconn.exec_(_OF_PSQL.sub("", text).encode()).status == ExecStatus.COMMAND_OK


def _roles(snapshot: Snapshot) -> str:
    """Return the statements that make the roles which policies and functions name; a server may have them already."""
    bypassing = {role.name for role in snapshot.roles if role.bypasses_row_security or role.is_superuser}
    names = {quote(role.name) for role in snapshot.roles}
    names |= {name for found in _POLICY_ROLES.findall(snapshot.schema_sql) for name in found.split(", ")}
    names -= {"public", "PUBLIC"}
    attribute = {quote(name): " BYPASSRLS" for name in bypassing}
    return "".join(
        f"DO $$ BEGIN CREATE ROLE {name}{attribute.get(name, '')}; EXCEPTION WHEN duplicate_object THEN NULL; END $$;\n"
        for name in sorted(names)
        if not name.startswith("pg_") and "$" not in name
    )


def _left_out(said: str, text: str) -> tuple[NotExamined, ...]:
    """Return each object that failed with its error, but not those that only failed for lack of another one."""
    if "ERROR:" not in said:
        return ()
    headers = list(_HEADER.finditer(text))
    starts = [text.count("\n", 0, header.start()) + 1 for header in headers]
    gone: set[str] = set()
    missing: dict[NotExamined, None] = {}
    for error in _ERROR.finditer(said):
        follows = _MISSING_RELATION.search(error["text"])
        if follows and follows["name"] in gone:
            continue
        place = bisect(starts, int(error["line"])) - 1
        what = "an object of the schema"
        if place >= 0:
            header = headers[place]
            name = header["name"] if header["schema"] == "-" else f"{header['schema']}.{header['name']}"
            what = f"{header['type'].lower()} {name}"
            gone.add(name)
        missing[NotExamined(what, f"left out of the twin: {error['text'].strip()}")] = None
    return tuple(missing)
