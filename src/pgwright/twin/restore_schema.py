"""The schema of a snapshot, restored by the owner; what the embedded server cannot take is left out and named."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import psycopg
from psycopg.pq import DiagnosticField, ExecStatus

from pgwright.embedded import EmbeddedServer
from pgwright.model.not_examined import NotExamined
from pgwright.model.snapshot import Snapshot
from pgwright.sql_files import read_sql
from pgwright.twin.collation import make_collations, without_icu
from pgwright.twin.dump import Definition, read_dump
from pgwright.twin.extensions import make_extensions
from pgwright.twin.needed_schema import needed_tables, prune
from pgwright.twin.roles import make_roles

_MISSING_RELATION = re.compile(r'relation "(?P<name>.*)" does not exist')
_PREFACE = "SET client_min_messages = error; SET check_function_bodies = off; SET synchronous_commit = off;"


def restore_schema(
    server: EmbeddedServer, database: str, snapshot: Snapshot, *, is_whole: bool
) -> tuple[NotExamined, ...]:
    """Restore what planning the workload needs, or all of it; return what was left out.

    The superuser makes what an owner may not, by name: roles, extensions, collations of the catalog.
    """
    keep = None if is_whole else needed_tables(snapshot)
    definitions = read_dump(snapshot.schema_sql if keep is None else prune(snapshot.schema_sql, keep))
    with server.catalog_writer(database) as catalogs:
        make_roles(catalogs, snapshot.roles, definitions)
        schemas, left_out = make_extensions(catalogs, definitions)
        has_icu = make_collations(catalogs, snapshot)
        wanted = [one for one in definitions if not _is_made(one, schemas)]
        if not has_icu:
            wanted = [without_icu(one) for one in wanted]
        with server.owner(database) as owner:
            left_out += _restore(owner, wanted)
        if any(table.has_row_security for table in snapshot.tables):
            catalogs.execute(read_sql("pgwright.twin", "grant_all").encode())
    return left_out


def _is_made(definition: Definition, schemas: frozenset[str]) -> bool:
    """Tell whether the superuser has made it already, or an empty database has it."""
    statement = definition.statement
    if statement is None:
        return False
    if statement.kind == "CreateSchemaStmt":
        return statement.node.get("schemaname") in schemas | {"public"}
    return statement.kind == "CreateExtensionStmt"


def _restore(owner: psycopg.Connection, wanted: Sequence[Definition]) -> tuple[NotExamined, ...]:
    owner.execute(_PREFACE)
    allowed = [one for one in wanted if one.statement is not None and not one.refusal]
    # As one message it takes a third less time than statement by statement; all or nothing.
    script = "\n;\n".join(one.statement.text for one in allowed if one.statement is not None)
    if len(allowed) == len(wanted) and _said(owner, script) is None:
        return ()
    return _left_out((one, one.refusal or _run(owner, one)) for one in wanted)


def _run(owner: psycopg.Connection, definition: Definition) -> str:
    return (_said(owner, definition.statement.text) or "") if definition.statement is not None else ""


def _said(owner: psycopg.Connection, script: str) -> str | None:
    """Run a script; return what the server said against it."""
    result = owner.pgconn.exec_(script.encode())
    if result.status in (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK, ExecStatus.EMPTY_QUERY):
        return None
    primary = result.error_field(DiagnosticField.MESSAGE_PRIMARY) or result.error_message
    return primary.decode(errors="replace").strip()


def _left_out(failed: Iterable[tuple[Definition, str]]) -> tuple[NotExamined, ...]:
    """Return each object that failed with its error, but not those that only failed for lack of another one."""
    gone: set[str] = set()
    missing: dict[NotExamined, None] = {}
    for definition, reason in failed:
        follows = _MISSING_RELATION.search(reason)
        if not reason or (follows and follows["name"] in gone):
            continue
        if definition.name:
            gone.add(definition.name)
        missing[NotExamined(definition.what, f"left out of the twin: {reason}")] = None
    return tuple(missing)
