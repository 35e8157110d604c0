"""The policy that keeps the rows of tenants apart, and its SQL.

The setting is read in a subselect, `organization_id = (SELECT current_setting('app.current_org_id')::integer)`:
PostgreSQL evaluates it once a statement (an InitPlan) and an index serves the comparison. Without a tenant no row is
let through, and an error says so: `current_setting` raises when the setting was never made, and when a transaction has
ended it is '', which is no number and no UUID; for texts it then asks for a setting that nobody makes.
Source: PostgreSQL manual, CREATE POLICY and "Row Security Policies".
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias, get_args

from sqlalchemy import BigInteger, Integer, String, Table, Uuid

from pgwright_runtime._alchemy import TableArguments
from pgwright_runtime._sql import quote
from pgwright_runtime.tenancy.binding import DEFAULT_SETTING, check_setting

SqlType: TypeAlias = Literal["integer", "bigint", "uuid", "text"]
DEFAULT_NAME = "tenant_isolation"
TABLE_INFO = "tenant"


@dataclass(frozen=True)
class TenantPolicy:
    """Says that each row of a table belongs to one tenant."""

    column: str
    """The column with the tenant's id; index it first."""
    setting: str = DEFAULT_SETTING
    type: SqlType | None = None
    """What the setting is cast to; None: by the type of the column."""
    name: str = DEFAULT_NAME

    def __post_init__(self) -> None:
        check_setting(self.setting)
        if self.type is not None and self.type not in get_args(SqlType):
            raise ValueError(f"{self.type!r} is no type of a tenant's id; use one of {', '.join(get_args(SqlType))}")


def tenant_policy(
    column: str,
    *,
    setting: str = DEFAULT_SETTING,
    type: SqlType | None = None,  # noqa: A002
) -> dict[str, Any]:
    """Return what declares a tenant's table: as `__table_args__`, or anywhere among them, or among a Table's columns.

    >>> tenant_policy("organization_id")["info"]["tenant"].column
    'organization_id'
    """
    return _Declaration(info={TABLE_INFO: TenantPolicy(column, setting, type)})


class _Declaration(TableArguments):
    def attach(self, table: Table) -> None:
        table.info = {**table.info, **self["info"]}


def declared_policy(table: Table) -> TenantPolicy | None:
    """Return the policy of `Table.info["tenant"]`, with its type; None: the table has none.

    Raises: ValueError: the column does not exist, or is of a type that needs to be stated.
    """
    policy = table.info.get(TABLE_INFO)
    if policy is None:
        return None
    if not isinstance(policy, TenantPolicy) or policy.column not in table.c:
        raise ValueError(f"info['tenant'] of table {table.fullname!r} is no TenantPolicy of one of its columns")
    return policy if policy.type else replace(policy, type=_type_of(table, policy.column))


def _type_of(table: Table, column: str) -> SqlType:
    kind = table.c[column].type
    for known, name in ((BigInteger, "bigint"), (Integer, "integer"), (Uuid, "uuid"), (String, "text")):
        if isinstance(kind, known):
            return name  # type: ignore[return-value]
    raise ValueError(f"state the type in the TenantPolicy of {table.fullname!r}: {column!r} is {kind!r}")


def create_statements(table: str, policy: TenantPolicy) -> list[str]:
    """Return the SQL that puts the policy on a table; `table` is quoted already."""
    condition = f"{quote(policy.column)} = (SELECT {_setting(policy)})"
    return [
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
        f"CREATE POLICY {quote(policy.name)} ON {table} USING ({condition}) WITH CHECK ({condition})",
    ]


def drop_statements(table: str, name: str) -> list[str]:
    """Return the SQL that takes the policy away; row security ends with the last policy of the table."""
    literal = "'" + table.replace("'", "''") + "'"
    is_last = f"NOT EXISTS (SELECT FROM pg_policy WHERE polrelid = {literal}::regclass)"
    disable = f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY"
    return [
        f"DROP POLICY {quote(name)} ON {table}",
        f"DO $pgwright$ BEGIN IF {is_last} THEN {disable}; END IF; END $pgwright$",
    ]


def _setting(policy: TenantPolicy) -> str:
    read = f"current_setting('{policy.setting}')"
    if policy.type == "text":
        return f"coalesce(nullif({read}, ''), current_setting('{policy.setting}.is_empty'))"
    return f"{read}::{policy.type or 'integer'}"
