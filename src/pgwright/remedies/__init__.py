"""Stage 3: findings to remedies, rendered as an Alembic revision or as SQL. One file per kind of change."""

from __future__ import annotations

from pgwright.remedies.fix import make_fix
from pgwright.remedies.gains import bundle
from pgwright.remedies.later import with_later
from pgwright.remedies.message import message_for
from pgwright.remedies.parts import Part, in_parts
from pgwright.remedies.revision import assembled, render_revision, revision_text, with_width
from pgwright.remedies.script import render_script
from pgwright.remedies.selection import Choice, asked_for, select

__all__ = [
    "Choice",
    "Part",
    "asked_for",
    "assembled",
    "bundle",
    "in_parts",
    "make_fix",
    "message_for",
    "render_revision",
    "render_script",
    "revision_text",
    "select",
    "with_later",
    "with_width",
]
