"""What revisions may do in production and the owner of a twin may not: it is done for them, or only noted."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import psycopg
from pglast import parse_sql
from pglast.enums import DropBehavior, ObjectType
from pglast.parser import ParseError

from pgwright.model.names import quote
from pgwright.model.not_examined import NotExamined
from pgwright.observing.watch import ask
from pgwright.sql_files import read_sql
from pgwright.sqltext.nodes import ast
from pgwright.sqltext.relations import named_roles
from pgwright.twin.dump import read_dump
from pgwright.twin.extensions import HARMLESS
from pgwright.twin.stand_ins import has_stand_ins, stand_ins

_MAKE_EXTENSION = b"SELECT pgwright_lint.make_extension(%s, %s)"
_DROP_EXTENSION = b"SELECT pgwright_lint.drop_extension(%s, %s)"
_MAKE_ROLE = b"SELECT pgwright_lint.make_role(%s)"
_IN_PLACE = "functions of the same names take its place, and those that cannot raise an error when they are called"
_OF_ROLES = (ast.CreateRoleStmt, ast.AlterRoleStmt, ast.AlterRoleSetStmt, ast.DropRoleStmt, ast.GrantRoleStmt)


def lend(admin: psycopg.Connection[Any], sources: str) -> None:
    """Put into a database, as superuser, what `Lent` calls, and what takes the place of extensions that it lacks.

    Args:
        sources: the text of the revisions: what it does not name is not put in.
    """
    admin.execute(read_sql("pgwright.observing", "lent").encode())
    available = {name for (name,) in admin.execute("SELECT name FROM pg_available_extensions")}
    for name in sorted(HARMLESS):
        admin.execute("INSERT INTO pgwright_lint.extension VALUES (%s)", (name,))
        if has_stand_ins(name) and name not in available and name in sources and "EXTENSION" in sources.upper():
            for made in stand_ins(read_dump(f"CREATE EXTENSION {quote(name)}")[0]):
                with suppress(psycopg.errors.DuplicateFunction):  # it is one of the snapshot's schema
                    admin.execute(made.statement.text.encode() if made.statement is not None else b"")


@dataclass
class Lent:
    """Does what is lent, over the connections of the revisions."""

    watching: psycopg.Connection[Any]
    missing: list[NotExamined] = field(default_factory=list)
    """What the twin cannot have."""

    def stands_in(self, connection: psycopg.Connection[Any], text: str) -> bool:
        """Do what a statement asks for in its place and return True; False: it has to be sent.

        Roles that it names are made, for the grants of production are none of the twin's schema.
        """
        node = _node(text)
        if isinstance(node, ast.CreateExtensionStmt):
            place = next((one.arg.sval for one in node.options or () if one.defname == "schema"), "")
            self._make_extension(connection, node.extname, place)
            return True
        if isinstance(node, ast.DropStmt) and node.removeType == ObjectType.OBJECT_EXTENSION:
            behavior = "cascade" if node.behavior == DropBehavior.DROP_CASCADE else ""
            for one in node.objects:
                ask(connection, _DROP_EXTENSION, one.sval, behavior)
            return True
        if isinstance(node, _OF_ROLES):
            self._make_roles([*named_roles(text), *_made(node)])
            return True
        if node is not None:
            self._make_roles(named_roles(text))
        return False

    def _make_extension(self, connection: psycopg.Connection[Any], name: str, place: str) -> None:
        where = place or "public"
        ((refusal,),) = ask(connection, _MAKE_EXTENSION, name, where)
        if refusal:
            instead = f"; {_IN_PLACE}" if has_stand_ins(name) else ""
            self.missing.append(NotExamined(f"extension {name}", f"left out of the twin: {refusal}{instead}"))

    def _make_roles(self, names: list[str] | tuple[str, ...]) -> None:
        for name in names:
            ask(self.watching, _MAKE_ROLE, name)


def _made(node: Any) -> list[str]:
    return [node.role] if isinstance(node, ast.CreateRoleStmt) else []


def _node(text: str) -> Any:
    """Return the parse tree of a text with one statement; None of any other."""
    try:
        statements = parse_sql(text)
    except (ParseError, UnicodeError, RecursionError):
        return None
    return statements[0].stmt if len(statements) == 1 else None
