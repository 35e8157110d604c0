"""The roles that a schema names: they own nothing and may not log in, but their policies can be planned with."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

import psycopg
from psycopg import sql

from pgwright.embedded import OWNER
from pgwright.model.server import Role
from pgwright.twin.dump import Definition

_POSSIBLE = """
SELECT rolname FROM pg_roles
WHERE rolname = ANY (%s) AND NOT (rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolname LIKE 'pg\\_%%')
"""


def make_roles(catalogs: psycopg.Connection, roles: Iterable[Role], definitions: Iterable[Definition]) -> None:
    """Make the source's roles and those that policies name, and let the owner act as them.

    A server may have them already, from another twin. One that is more than an ordinary role here is not granted.
    """
    bypassing = {role.name for role in roles if role.bypasses_row_security or role.is_superuser}
    names = {role.name for role in roles} | {name for one in definitions for name in _named_by(one)}
    for name in sorted(names):
        making = sql.SQL("CREATE ROLE {}").format(sql.Identifier(name))
        with suppress(psycopg.Error):  # it is there already, or no role can have the name
            catalogs.execute(making + sql.SQL(" BYPASSRLS" if name in bypassing else ""))
    possible = [name for (name,) in catalogs.execute(_POSSIBLE, (sorted(names - {OWNER}),)).fetchall()]
    if possible:
        granted = sql.SQL(", ").join(map(sql.Identifier, possible))
        catalogs.execute(sql.SQL("GRANT {} TO {}").format(granted, sql.Identifier(OWNER)))


def _named_by(definition: Definition) -> Iterable[str]:
    statement = definition.statement
    if statement is None or statement.kind != "CreatePolicyStmt":
        return ()
    specs = (one.get("RoleSpec", {}) for one in statement.node.get("roles", ()))
    return [str(spec["rolename"]) for spec in specs if spec.get("roletype") == "ROLESPEC_CSTRING"]
