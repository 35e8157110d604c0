"""One attack: what somebody else wrote, and the place where pgwright finds it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Effect = Literal["program", "file", "large object", "tcp", "unix", "secret", "environment"]
Place = Literal[
    "objects",  # of a live database, and of a file that was made of it
    "schema_sql",  # text in a snapshot file
    "statement", "setting", "setting name", "statistics", "role", "index predicate", "index expression",
    "policy", "column type", "table name", "column name", "comment", "extended expression", "server",  # other fields
    "plan statement", "plan index", "plan setting", "plan value",  # arguments of `pgwright plan`
]  # fmt: skip

# @s@ is the payload's name, which is also that of its schema; @mark@ a path of its own, outside of any server's folder.
_ACTS: dict[Effect, str] = {
    "program": "EXECUTE $x$COPY (SELECT 1) TO PROGRAM 'touch @mark@'$x$;",
    "file": "EXECUTE $x$COPY (SELECT 1) TO '@mark@'$x$;",
    "large object": "PERFORM pg_catalog.lo_create(@oid@); PERFORM pg_catalog.lo_export(@oid@, '@mark@');",
    "tcp": "PERFORM public.dblink_connect('@tcp@');",
    "unix": "PERFORM public.dblink_connect('@unix@');",
    "secret": "RAISE EXCEPTION '%', pg_catalog.pg_read_file('@secret@');",
    "environment": (
        "RAISE EXCEPTION '%', pg_catalog.encode(pg_catalog.pg_read_binary_file('/proc/self/environ'), 'escape');"
    ),
}
# Errors are swallowed, so that a statement runs on the source, where its author may do nothing of the kind.
_PRELUDE = """
CREATE SCHEMA @s@;
CREATE FUNCTION @s@.act() RETURNS integer LANGUAGE plpgsql @definer@ AS $_$
BEGIN @act@ RETURN 1; EXCEPTION WHEN @swallowed@ THEN RETURN 1; END$_$;
CREATE FUNCTION @s@.f(integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE @definer@ AS $_$
BEGIN RETURN @s@.act(); END$_$;
"""
_TABLE = "CREATE TABLE @s@.t (n integer);\n"


@dataclass(frozen=True)
class Payload:
    """One attack."""

    kind: str
    name: str
    place: Place
    sql: str
    """The text at that place; with an effect, what comes after the functions `act` and `f` that have it."""
    fire: str = ""
    """A statement that sets it off where nothing stands in the way; part of the workload."""
    effect: Effect | None = None
    is_definer: bool = False
    has_table: bool = True
    """Whether `t (n integer)` is made first."""

    @property
    def script(self) -> str:
        """What makes it."""
        if self.effect is None:
            return self.sql
        swallowed = "insufficient_privilege" if self.effect in ("secret", "environment") else "others"
        prelude = _PRELUDE.replace("@act@", _ACTS[self.effect]).replace("@swallowed@", swallowed)
        prelude = prelude.replace("@definer@", "SECURITY DEFINER" if self.is_definer else "")
        return prelude + (_TABLE if self.has_table else "") + self.sql
