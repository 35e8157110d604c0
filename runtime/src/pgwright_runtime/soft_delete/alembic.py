"""Alembic operations of soft delete, and their place in autogenerate. Import it in `env.py`; that is all.

    op.create_living_references("notes", references=[{"columns": ["book_id"], "parent": "books", "keys": ["id"]}])
    op.create_living_view("notes", name="living_notes", columns=["id", "title"])
    op.create_living_policy("notes", role="reporting")

Each has its `drop_…` with the same arguments. They take a lock for a moment, wait 5 seconds for it at most, and read no
rows. Indexes on tables that exist already are built and dropped concurrently, by `pgwright_runtime.migrations`.
"""

from __future__ import annotations

try:  # for what they register with Alembic
    from pgwright_runtime.soft_delete import comparison, operations, rendering
except ModuleNotFoundError as error:
    if error.name is None or error.name.partition(".")[0] != "alembic":
        raise
    raise ImportError("soft delete in revisions needs Alembic. Run: pip install 'pgwright-runtime[alembic]'") from error

__all__ = ["comparison", "operations", "rendering"]
