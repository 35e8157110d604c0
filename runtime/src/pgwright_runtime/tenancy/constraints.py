"""What constraints tell of another tenant's rows: they are checked past the policies."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from sqlalchemy import Connection, Table, text

from pgwright_runtime.tenancy.policy import TenantPolicy

# A row is a foreign key, or a unique or exclusion constraint or index, that leaves the tenant's column out. A primary
# key is none of them: its values are seldom the app's choice.
_CONSTRAINTS = text(
    """
    WITH tenants AS (
        SELECT c.oid, n.nspname || '.' || c.relname AS name, a.attnum
        FROM pg_class c
        JOIN pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = :column
        WHERE n.nspname = :schema AND c.relname = :table AND has_any_column_privilege(c.oid, 'INSERT, UPDATE')
    )
    SELECT tenants.name || '.' || k.conname AS name, 'references' AS kind, fn.nspname || '.' || f.relname AS referenced
    FROM tenants
    JOIN pg_constraint k ON k.conrelid = tenants.oid AND k.contype = 'f' AND NOT tenants.attnum = ANY (k.conkey)
    JOIN pg_class f ON f.oid = k.confrelid
    JOIN pg_namespace fn ON fn.oid = f.relnamespace
    UNION ALL
    SELECT tenants.name || '.' || i.relname, 'unique', NULL
    FROM tenants
    JOIN pg_index x ON x.indrelid = tenants.oid AND (x.indisunique OR x.indisexclusion) AND NOT x.indisprimary
                    AND NOT tenants.attnum = ANY (x.indkey)
    JOIN pg_class i ON i.oid = x.indexrelid
    ORDER BY 1
    """
)


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
