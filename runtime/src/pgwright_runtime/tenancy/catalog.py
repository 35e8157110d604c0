"""Reads the policies of a database, and recognises those that `create_tenant_policy` made."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field

from sqlalchemy import Connection, bindparam, text

from pgwright_runtime._sql import quote, read_sql
from pgwright_runtime.tenancy.policy import TenantPolicy

_POLICIES = text(read_sql("pgwright_runtime.tenancy", "policies")).bindparams(bindparam("schemas", expanding=True))

# As pg_get_expr writes the condition of create_statements(), with each run of white space made one space.
_CONDITION = re.compile(
    r"""
    \( \(? (?: (?P<plain>[a-z_][\w$]*) | "(?P<quoted>(?:[^"]|"")+)" ) (?:\)::text)? [ ]=[ ]
    \([ ]SELECT[ ] (?:
        \(current_setting\('(?P<setting>[\w$.]+)'::text\)\)::(?P<type>integer|bigint|uuid)
      | COALESCE\(NULLIF\(current_setting\('(?P<text_setting>[\w$.]+)'::text\),[ ]''::text\),
        [ ]current_setting\('(?P=text_setting)\.is_empty'::text\)\)
    ) (?:[ ]AS[ ]"?\w+"?)? \) \)
    """,
    re.VERBOSE,
)


@dataclass(frozen=True)
class FoundPolicy:
    """A policy as `pg_policies` shows it."""

    name: str
    permissive: str
    roles: tuple[str, ...]
    command: str
    using: str | None
    check: str | None

    def recognise(self) -> TenantPolicy | None:
        """Return what it was made from; None: it is of another form."""
        found = _CONDITION.fullmatch(" ".join((self.using or "").split()))
        is_whole = (self.permissive, self.roles, self.command) == ("PERMISSIVE", ("public",), "ALL")
        if found is None or not is_whole or self.using != self.check:
            return None
        column = found["plain"] or found["quoted"].replace('""', '"')
        # mypy cannot see that the expression admits the words of SqlType only.
        kind = found["type"] or "text"
        return TenantPolicy(column, found["setting"] or found["text_setting"], kind, self.name)  # type: ignore[arg-type]

    def statement(self, table: str) -> str:
        """Return the SQL that makes it again; `table` is quoted already."""
        roles = ", ".join("PUBLIC" if role == "public" else quote(role) for role in self.roles)
        using = f" USING ({self.using})" if self.using else ""
        check = f" WITH CHECK ({self.check})" if self.check else ""
        kind = f"AS {self.permissive} FOR {self.command} TO {roles}"
        return f"CREATE POLICY {quote(self.name)} ON {table} {kind}{using}{check}"


@dataclass
class FoundTable:
    """A table, whether its row security is enabled and forced, and its policies."""

    is_enabled: bool
    is_forced: bool
    policies: list[FoundPolicy] = field(default_factory=list)


def read_policies(connection: Connection, schemas: Collection[str]) -> dict[tuple[str, str], FoundTable]:
    """Return the tables of some schemas with their policies, by schema and name."""
    tables: dict[tuple[str, str], FoundTable] = {}
    for row in connection.execute(_POLICIES, {"schemas": list(schemas)}):
        enabled, forced = row.relrowsecurity, row.relforcerowsecurity
        table = tables.setdefault((row.nspname, row.relname), FoundTable(enabled, forced))
        if row.policyname is not None:
            roles = tuple(row.roles)
            table.policies.append(FoundPolicy(row.policyname, row.permissive, roles, row.cmd, row.qual, row.with_check))
    return tables
