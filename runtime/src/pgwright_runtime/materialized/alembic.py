"""Alembic operations for materialized views, and their place in autogenerate. Import it in `env.py`; that is all.

    op.create_materialized_view("daily_orders", "SELECT …", unique=["day"])
    op.replace_materialized_view("daily_orders", "SELECT …", unique=["day"])
    op.drop_materialized_view("daily_orders")

They need the table `pgwright_refreshes`, which autogenerate writes as any other of the models.
"""

from __future__ import annotations

try:  # for what they register with Alembic
    from pgwright_runtime.materialized import comparison, operations
except ModuleNotFoundError as error:
    if error.name is None or error.name.partition(".")[0] != "alembic":
        raise
    raise ImportError("materialized views need Alembic. Run: pip install 'pgwright-runtime[alembic]'") from error

__all__ = ["comparison", "operations"]
