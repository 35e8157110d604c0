"""Alembic operations that partition a table by time, and make it whole again. Import it in `env.py`.

    op.partition_by_time("events", "created_at", every="month")
    op.merge_partitions("events", "created_at", primary_key=["id"])

Both run on connections of their own, in steps that wait shortly for their locks, and may be run again. With the import,
autogenerate leaves partitions alone: no model declares them.
"""

from __future__ import annotations

try:  # for what they register with Alembic
    from pgwright_runtime.retention.partitions import comparison, operations
except ModuleNotFoundError as error:
    if error.name is None or error.name.partition(".")[0] != "alembic":
        raise
    raise ImportError("partitions in revisions need Alembic. Run: pip install 'pgwright-runtime[alembic]'") from error

__all__ = ["comparison", "operations"]
