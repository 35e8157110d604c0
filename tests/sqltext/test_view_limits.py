"""What a statement does with a table that it could not do with a view of it."""

from __future__ import annotations

import pytest

from pgwright.model.names import QualifiedName
from pgwright.sqltext import Schema
from pgwright.sqltext.view_limits import needs_a_table

NOTES, USERS = QualifiedName("public", "notes"), QualifiedName("public", "users")
SCHEMA = Schema({NOTES: frozenset({"id", "owner_id", "title"}), USERS: frozenset({"id", "name"})})
TABLES = {NOTES: ("id",)}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("SELECT * FROM public.notes WHERE id = $1", "names the schema of public.notes"),
        ("SELECT id, title, count(*) FROM notes GROUP BY id", "GROUP BY names a key of public.notes"),
        (
            "INSERT INTO notes (id) VALUES ($1) ON CONFLICT ON CONSTRAINT notes_pkey DO NOTHING",
            "no constraint notes_pkey",
        ),
        ("SELECT xmin, id FROM notes", "a view has no xmin"),
        ("DELETE FROM notes WHERE ctid = $1", "a view has no ctid"),
    ],
)
def test_told(text: str, said: str) -> None:
    assert said in (needs_a_table(text, SCHEMA, TABLES) or "")


@pytest.mark.parametrize(
    "text",
    [
        "SELECT id, title FROM notes WHERE id = $1 FOR UPDATE",
        "SELECT id, count(*), max(title) FROM notes GROUP BY id",
        "SELECT id, title, count(*) FROM notes GROUP BY id, title",
        "SELECT owner_id, count(*) FROM notes GROUP BY owner_id",
        "INSERT INTO notes (id) VALUES ($1) ON CONFLICT (id) DO UPDATE SET title = excluded.title RETURNING id",
        "SELECT xmin FROM users",
        "SELECT id, name, count(*) FROM public.users GROUP BY id",
        "COPY public.notes (id, title) TO stdout",
        "ALTER TABLE public.notes ADD COLUMN x text",
    ],
)
def test_not_told(text: str) -> None:
    assert needs_a_table(text, SCHEMA, TABLES) is None
