"""The extensions that a restored database gets: made by the superuser before anything of the source is there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import psycopg
from psycopg import sql

from pgwright.embedded import OWNER
from pgwright.model.not_examined import NotExamined
from pgwright.twin.dump import Definition, option, word
from pgwright.twin.stand_ins import has_stand_ins

# Functions of these reach no file, program or other server; what they let only a superuser do, the owner may not.
HARMLESS = {
    "amcheck", "autoinc", "bloom", "btree_gin", "btree_gist", "citext", "cube", "dict_int", "dict_xsyn",
    "earthdistance", "fuzzystrmatch", "hstore", "insert_username", "intagg", "intarray", "isn", "lo", "ltree",
    "moddatetime", "pageinspect", "pg_buffercache", "pg_freespacemap", "pg_prewarm", "pg_stat_statements", "pg_trgm",
    "pg_visibility", "pg_walinspect", "pgcrypto", "pgrowlocks", "pgstattuple", "plpgsql", "postgis", "refint", "seg",
    "sslinfo", "tablefunc", "tcn", "tsm_system_rows", "tsm_system_time", "unaccent", "uuid-ossp", "vector", "xml2",
}  # fmt: skip
# The twin's own tool, which is called where nothing of the source is.
_OURS = "pg_buffercache"


def without_risk(definition: Definition) -> Definition:
    """Return a definition that is refused where it is one of an extension that can reach outside."""
    statement = definition.statement
    if statement is None or statement.kind != "CreateExtensionStmt":
        return definition
    return replace(definition, refusal=_risk(str(statement.node["extname"])))


def _risk(name: str) -> str:
    return "" if name in HARMLESS else f'extension "{name}" may reach outside of the server'


@dataclass(frozen=True)
class Made:
    """What became of the extensions of a dump."""

    schemas: frozenset[str]
    """Those that were made for them."""
    lacking: frozenset[str]
    """The extensions that the server does not have."""
    left_out: tuple[NotExamined, ...]


def make_extensions(catalogs: psycopg.Connection, definitions: Iterable[Definition], *, place: str) -> Made:
    """Make the extensions of a dump in an empty database, each in its schema, which belongs to the owner."""
    schemas: set[str] = set()
    lacking: set[str] = set()
    left_out: list[NotExamined] = []
    for definition in definitions:
        statement = definition.statement
        if statement is None or statement.kind != "CreateExtensionStmt":
            continue
        name = str(statement.node["extname"])
        schema = word(option(statement.node.get("options"), "schema")) or "public"
        if name == _OURS and place == "twin":
            schema = "pg_catalog"
        if not _is_available(catalogs, name):
            lacking.add(name)
            left_out.append(_lacked(name, place))
        elif reason := _risk(name) or _make(catalogs, name, schema):
            left_out.append(NotExamined(f"extension {name}", f"left out of the {place}: {reason}"))
        else:
            schemas.add(schema)
    return Made(frozenset(schemas), frozenset(lacking), tuple(left_out))


def _is_available(catalogs: psycopg.Connection, name: str) -> bool:
    return catalogs.execute("SELECT FROM pg_available_extensions WHERE name = %s", (name,)).fetchone() is not None


def _lacked(name: str, place: str) -> NotExamined:
    if has_stand_ins(name):
        reason = f"the server of the {place} lacks it; functions of the same names stand in, and raise an error where"
        return NotExamined(f"extension {name}", f"{reason} PostgreSQL itself has nothing like them")
    return NotExamined(f"extension {name}", f'left out of the {place}: extension "{name}" is not available')


def _make(catalogs: psycopg.Connection, name: str, schema: str) -> str:
    """Make one; return what stands in the way."""
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
