"""Stage 3: findings to remedies, rendered as an Alembic revision or as SQL. One file per kind of change."""

from __future__ import annotations

from pgwright.remedies.fix import make_fix
from pgwright.remedies.gains import bundle
from pgwright.remedies.later import with_later
from pgwright.remedies.measured import left_out, vain, with_measured, without
from pgwright.remedies.message import message_for
from pgwright.remedies.online import go_online, stated_times
from pgwright.remedies.parts import Part, in_parts
from pgwright.remedies.revision import assembled, render_revision, revision_text, with_width
from pgwright.remedies.script import render_script
from pgwright.remedies.selection import TOP, FixChoice, Selection, asked_for, select

__all__ = [
    "TOP",
    "FixChoice",
    "Part",
    "Selection",
    "asked_for",
    "assembled",
    "bundle",
    "go_online",
    "in_parts",
    "left_out",
    "make_fix",
    "message_for",
    "render_revision",
    "render_script",
    "revision_text",
    "select",
    "stated_times",
    "vain",
    "with_later",
    "with_measured",
    "with_width",
    "without",
]
