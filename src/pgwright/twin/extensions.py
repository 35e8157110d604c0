"""The extensions that a restored database gets: made by the superuser before anything of the source is there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import psycopg
from psycopg import sql

from pgwright.embedded import OWNER
from pgwright.model.not_examined import NotExamined
from pgwright.twin.dump import Definition, option, word

# Functions of these reach no file, program or other server; what they let only a superuser do, the owner may not.
_ALLOWED = {
    "amcheck", "autoinc", "bloom", "btree_gin", "btree_gist", "citext", "cube", "dict_int", "dict_xsyn",
    "earthdistance", "fuzzystrmatch", "hstore", "insert_username", "intagg", "intarray", "isn", "lo", "ltree",
    "moddatetime", "pageinspect", "pg_buffercache", "pg_freespacemap", "pg_prewarm", "pg_stat_statements", "pg_trgm",
    "pg_visibility", "pg_walinspect", "pgcrypto", "pgrowlocks", "pgstattuple", "plpgsql", "postgis", "refint", "seg",
    "sslinfo", "tablefunc", "tcn", "tsm_system_rows", "tsm_system_time", "unaccent", "uuid-ossp", "vector", "xml2",
}  # fmt: skip


def without_risk(definition: Definition) -> Definition:
    """Return a definition that is refused where it is one of an extension that can reach outside."""
    statement = definition.statement
    if statement is None or statement.kind != "CreateExtensionStmt":
        return definition
    return replace(definition, refusal=_risk(str(statement.node["extname"])))


def _risk(name: str) -> str:
    return "" if name in _ALLOWED else f'extension "{name}" can reach outside of the server'


def make_extensions(
    catalogs: psycopg.Connection, definitions: Iterable[Definition], *, place: str
) -> tuple[frozenset[str], tuple[NotExamined, ...]]:
    """Make the extensions of a dump in an empty database, each in its schema, which belongs to the owner.

    Returns: The names of the schemas made, and what could not be made.
    """
    schemas: set[str] = set()
    left_out: list[NotExamined] = []
    for definition in definitions:
        statement = definition.statement
        if statement is None or statement.kind != "CreateExtensionStmt":
            continue
        name = str(statement.node["extname"])
        schema = word(option(statement.node.get("options"), "schema")) or "public"
        reason = _make(catalogs, name, schema)
        if reason:
            left_out.append(NotExamined(f"extension {name}", f"left out of the {place}: {reason}"))
        else:
            schemas.add(schema)
    return frozenset(schemas), tuple(left_out)


def _make(catalogs: psycopg.Connection, name: str, schema: str) -> str:
    """Make one; return what stands in the way."""
    available = catalogs.execute("SELECT FROM pg_available_extensions WHERE name = %s", (name,)).fetchone()
    if available is None:
        return f'extension "{name}" is not available'
    if risk := _risk(name):
        return risk
    identifiers = {"name": sql.Identifier(name), "schema": sql.Identifier(schema), "owner": sql.Identifier(OWNER)}
    try:
        with catalogs.transaction():
            if schema not in ("pg_catalog", "public"):
                making = sql.SQL("CREATE SCHEMA IF NOT EXISTS {schema} AUTHORIZATION {owner}")
                catalogs.execute(making.format(**identifiers))
            catalogs.execute(sql.SQL("CREATE EXTENSION IF NOT EXISTS {name} SCHEMA {schema}").format(**identifiers))
    except psycopg.Error as error:
        return error.diag.message_primary or str(error)
    return ""
