"""Names for new indexes."""

from __future__ import annotations

import itertools
from collections.abc import Container

from pgwright.model.index import index_name
from pgwright.model.names import MAX_IDENTIFIER_BYTES, QualifiedName, shorten
from pgwright.model.snapshot import Snapshot


def free_name(name: str, schema: str, taken: Container[QualifiedName]) -> str:
    """Return the name, cut to 63 bytes, with a number where a relation of that name exists in the schema.

    >>> free_name("ix_note", "public", {QualifiedName("public", "ix_note")})
    'ix_note_2'
    """
    candidate = shorten(name)
    for number in itertools.count(2):
        if QualifiedName(schema, candidate) not in taken:
            break
        end = f"_{number}"
        candidate = name.encode()[: MAX_IDENTIFIER_BYTES - len(end)].decode(errors="ignore") + end
    return candidate


def conventional_name(snapshot: Snapshot, table: QualifiedName, columns: tuple[str, ...], suffix: str = "") -> str:
    """Return SQLAlchemy's conventional name of a new index, with a number where it is taken."""
    return free_name(index_name(table, columns, suffix), table.schema, snapshot.relation_names)
