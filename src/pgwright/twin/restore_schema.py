"""A schema as `pg_dump` wrote it, restored by the owner; what its server cannot take is left out and named."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Literal

import psycopg
from psycopg.pq import DiagnosticField, ExecStatus

from pgwright.embedded import EmbeddedServer
from pgwright.model.not_examined import NotExamined
from pgwright.model.server import Role
from pgwright.model.snapshot import Snapshot
from pgwright.sql_files import read_sql
from pgwright.twin.collation import has_icu, is_of_icu, make_collations, of_libc
from pgwright.twin.dump import Definition, read_dump
from pgwright.twin.extensions import Made, make_extensions, without_risk
from pgwright.twin.needed_schema import needed_tables, prune
from pgwright.twin.roles import make_roles
from pgwright.twin.stand_ins import has_stand_ins, stand_ins
from pgwright.twin.unknown_functions import UnknownFunctions

Place = Literal["twin", "copy"]

_MISSING_RELATION = re.compile(r'relation "(?P<name>.*)" does not exist')
# On a twin the order of a histogram is made to fit, and there is no row to find.
_BY_BYTES = "the server of the copies has no ICU; there it orders and compares text by code points"
_WITH_DEFAULTS = {"AlterTableStmt", "CreateStmt", "IndexStmt"}
_PREFACE = "SET client_min_messages = error; SET check_function_bodies = off; SET synchronous_commit = off;"


def restore_schema(
    server: EmbeddedServer, database: str, snapshot: Snapshot, *, is_whole: bool
) -> tuple[NotExamined, ...]:
    """Restore what planning the workload needs, or all of it; return what was left out."""
    keep = None if is_whole else needed_tables(snapshot)
    schema_sql = snapshot.schema_sql if keep is None else prune(snapshot.schema_sql, keep)
    with server.catalog_writer(database) as catalogs:
        statements = [one.text for one in snapshot.statements]
        definitions, left_out = prepare(catalogs, schema_sql, snapshot.roles, statements, place="twin")
        with server.owner(database) as owner:
            left_out += restore(owner, definitions, place="twin")
        if any(table.has_row_security for table in snapshot.tables):
            catalogs.execute(read_sql("pgwright.twin", "grant_all").encode())
    return left_out


def prepare(
    catalogs: psycopg.Connection | None,
    schema_sql: str,
    roles: Iterable[Role] = (),
    statements: Iterable[str] = (),
    *,
    place: Place,
) -> tuple[tuple[Definition, ...], tuple[NotExamined, ...]]:
    """Make in an empty database, as superuser and by name, what an owner may not: roles, extensions, collations.

    Args:
        catalogs: as superuser; None: nothing is made, and extensions are the owner's to make.
        roles: to make besides those that policies name.
        statements: whose collations are made besides those of the schema.
    Returns: What is for the owner to restore, and what was left out.
    """
    definitions = read_dump(schema_sql)
    if catalogs is None:
        return tuple(without_risk(one) for one in definitions if not _is_made(one, frozenset())), ()
    make_roles(catalogs, roles, definitions)
    made = make_extensions(catalogs, definitions, place=place)
    rest = [other for one in definitions if not _is_made(one, made.schemas) for other in _at_hand(one, made)]
    if has_icu(catalogs):
        return tuple(rest), made.left_out
    replaced = [*make_collations(catalogs, (schema_sql, *statements)), *(one.name for one in rest if is_of_icu(one))]
    told = tuple(NotExamined(f"collation {name}", _BY_BYTES) for name in replaced if place == "copy")
    return tuple(of_libc(one) if is_of_icu(one) else one for one in rest), made.left_out + told


def _at_hand(definition: Definition, made: Made) -> Iterable[Definition]:
    """Return what there is of a definition: of an extension that the server lacks, its stand-ins."""
    statement = definition.statement
    if statement is None or statement.kind != "CreateExtensionStmt":
        return (definition,)
    name = statement.node["extname"]
    return stand_ins(definition) if name in made.lacking and has_stand_ins(name) else ()


def _is_made(definition: Definition, schemas: frozenset[str]) -> bool:
    """Tell whether the superuser has made a schema already, or every database has it."""
    statement = definition.statement
    if statement is None or statement.kind != "CreateSchemaStmt":
        return False
    return statement.node.get("schemaname") in schemas | {"public"}


def restore(owner: psycopg.Connection, definitions: Sequence[Definition], *, place: Place) -> tuple[NotExamined, ...]:
    """Run definitions as the owner of a database; return what was left out, and why."""
    owner.execute(_PREFACE)
    allowed = [one for one in definitions if one.statement is not None and not one.refusal]
    # As one message it takes a third less time than statement by statement; all or nothing.
    script = "\n;\n".join(one.statement.text for one in allowed if one.statement is not None)
    if len(allowed) == len(definitions) and not _said(owner, script):
        return ()
    functions = UnknownFunctions(partial(_said, owner))
    left_out = _left_out(((one, one.refusal or _run(functions, one)) for one in definitions), place)
    reason = f"the server of the {place} lacks it; one that raises an error when it is called stands in"
    return left_out + tuple(NotExamined(f"function {name}", reason) for name in functions.made)


def _run(functions: UnknownFunctions, definition: Definition) -> str:
    statement = definition.statement
    if statement is None:
        return ""
    return functions.define(statement.text) if statement.kind in _WITH_DEFAULTS else functions.run(statement.text)


def _said(owner: psycopg.Connection, script: str) -> str:
    """Run a script; return what the server said against it."""
    result = owner.pgconn.exec_(script.encode())
    if result.status in (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK, ExecStatus.EMPTY_QUERY):
        return ""
    primary = result.error_field(DiagnosticField.MESSAGE_PRIMARY) or result.error_message
    return primary.decode(errors="replace").strip() or "the server gave no reason"


def _left_out(failed: Iterable[tuple[Definition, str]], place: Place) -> tuple[NotExamined, ...]:
    """Return each object that failed with its error, but not those that only failed for lack of another one."""
    gone: set[str] = set()
    missing: dict[NotExamined, None] = {}
    for definition, reason in failed:
        follows = _MISSING_RELATION.search(reason)
        if not reason or (follows and follows["name"] in gone):
            continue
        if definition.name:
            gone.add(definition.name)
        missing[NotExamined(definition.what, f"left out of the {place}: {reason}")] = None
    return tuple(missing)
