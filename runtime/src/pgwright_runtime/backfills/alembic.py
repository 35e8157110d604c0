"""Alembic operations for backfills. Import it in the revisions that use them; that is all.

op.declare_backfill("notes_title_lower", table="notes", sets={"title_lower": "lower(title)"},
                    where="title_lower IS NULL", keep_filled=True)
op.require_backfill("notes_title_lower")
op.drop_backfill("notes_title_lower")
op.add_checked_not_null("notes", "title_lower")
op.add_validated_constraint("notes", "notes_title_lower_check", "CHECK (title_lower <> '')")
"""

from __future__ import annotations

try:  # for what they register with Alembic
    from pgwright_runtime.backfills import comparison, constraints, operations
except ModuleNotFoundError as error:
    if error.name is None or error.name.partition(".")[0] != "alembic":
        raise
    raise ImportError("backfills need Alembic. Run: pip install 'pgwright-runtime[alembic]'") from error

__all__ = ["comparison", "constraints", "operations"]
