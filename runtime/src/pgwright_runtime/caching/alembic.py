"""Alembic operations for tables that other programs write to, too. Import it in the revisions that use them.

op.create_cache_trigger("price")
op.drop_cache_trigger("price")
"""

from __future__ import annotations

try:  # for what it registers with Alembic
    from pgwright_runtime.caching import operations
except ModuleNotFoundError as error:
    if error.name is None or error.name.partition(".")[0] != "alembic":
        raise
    raise ImportError("cache triggers need Alembic. Run: pip install 'pgwright-runtime[alembic]'") from error

__all__ = ["operations"]
