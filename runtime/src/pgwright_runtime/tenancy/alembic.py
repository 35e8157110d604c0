"""Alembic operations for tenants' policies, and their place in autogenerate. Import it in `env.py`; that is all.

    op.create_tenant_policy("couriers", column="organization_id", setting="app.current_org_id", type="integer")
    op.drop_tenant_policy("couriers", column="organization_id", setting="app.current_org_id", type="integer")

Both take ACCESS EXCLUSIVE on the table for a moment and read none of its rows. Neither touches an index: Alembic
creates the one that the model declares, and autogenerate asks for it where none begins with the tenant's column.
"""

from __future__ import annotations

try:  # for what they register with Alembic
    from pgwright_runtime.tenancy import comparison, operations
except ModuleNotFoundError as error:
    if error.name is None or error.name.partition(".")[0] != "alembic":
        raise
    raise ImportError("tenants' policies need Alembic. Run: pip install 'pgwright-runtime[alembic]'") from error

__all__ = ["comparison", "operations"]
