"""Alembic operations for the list of erased persons. Import it in `env.py`, or autogenerate drops the list.

op.create_erased_persons()
op.drop_erased_persons()
"""

from __future__ import annotations

try:  # for what it registers with Alembic
    from pgwright_runtime.erasure import comparison, operations
except ModuleNotFoundError as error:
    if error.name is None or error.name.partition(".")[0] != "alembic":
        raise
    raise ImportError("the list's operations need Alembic. Run: pip install 'pgwright-runtime[alembic]'") from error

__all__ = ["comparison", "operations"]
