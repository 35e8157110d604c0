"""What constraints tell of another tenant's rows: they are checked past the policies."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from sqlalchemy import Connection, Table, text

from pgwright_runtime._sql import read_sql
from pgwright_runtime.tenancy.policy import TenantPolicy

_CONSTRAINTS = text(read_sql("pgwright_runtime.tenancy", "telling_constraints"))


def telling_constraints(
    connection: Connection, declared: Collection[tuple[Table, TenantPolicy]], default_schema: str
) -> Iterator[str]:
    """Yield a problem for each constraint by which a tenant refers to rows of others, or learns of their values."""
    names = {f"{table.schema or default_schema}.{table.name}" for table, _ in declared}
    for table, policy in declared:
        place = {"schema": table.schema or default_schema, "table": table.name, "column": policy.column}
        for name, kind, referenced in connection.execute(_CONSTRAINTS, place):
            if kind == "unique":
                yield f"{name}: unique for all tenants, so it tells of other rows; add {policy.column!r} to it"
            elif referenced in names:
                yield f"{name}: lets a row refer to others' rows of {referenced}; add {policy.column!r} to both sides"
