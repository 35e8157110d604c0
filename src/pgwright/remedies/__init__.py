"""Stage 3: findings to remedies, rendered as an Alembic revision or as SQL. One file per kind of change."""

from __future__ import annotations

from pgwright.remedies.fix import make_fix
from pgwright.remedies.revision import assembled, render_revision, revision_text, with_width
from pgwright.remedies.script import render_script

__all__ = ["assembled", "make_fix", "render_revision", "render_script", "revision_text", "with_width"]
