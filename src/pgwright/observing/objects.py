"""What a schema holds, and how one state of it differs from another, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import psycopg

from pgwright.observing.watch import ask
from pgwright.sql_files import read_sql

_OBJECTS = read_sql("pgwright.observing", "objects").encode()
_INSIDE = {"column", "index", "constraint", "trigger", "policy"}
_MOST_LETTERS = 120

Objects = Mapping[tuple[str, str], str]


def read_objects(connection: psycopg.Connection[Any]) -> Objects:
    """Return the definition of each object, by kind and name with its schema."""
    return {(kind, name): definition for kind, name, definition in ask(connection, _OBJECTS)}


def differences(before: Objects, after: Objects) -> tuple[str, ...]:
    """Return what `after` has more, less or otherwise, a sentence each; of a table only itself.

    >>> differences({("column", "public.note.id"): "integer"}, {("column", "public.note.id"): "bigint"})
    ('column note.id is bigint, and was integer',)
    """
    return tuple(sorted(_sentences(before, after)))


def _sentences(before: Objects, after: Objects) -> Iterator[str]:
    lost, added = _tables(before.keys() - after.keys()), _tables(after.keys() - before.keys())
    for one in before.keys() - after.keys():
        if not _is_part(one, lost):
            yield f"{_named(one)} is gone"
    for one in after.keys() - before.keys():
        if not _is_part(one, added):
            yield f"{_named(one)} remains"
    for one in before.keys() & after.keys():
        if before[one] != after[one]:
            is_hashed = one[0] == "function"
            became = "is another" if is_hashed else f"is {_short(after[one])}, and was {_short(before[one])}"
            yield f"{_named(one)} {became}"


def _tables(objects: set[tuple[str, str]]) -> set[str]:
    return {name for kind, name in objects if kind.endswith(("table", "view"))}


def _is_part(one: tuple[str, str], tables: set[str]) -> bool:
    """Tell whether an object goes and comes with one of these tables."""
    kind, name = one
    return kind in _INSIDE and any(name.startswith(f"{table}.") for table in tables)


def _named(one: tuple[str, str]) -> str:
    kind, name = one
    return f"{kind} {name.removeprefix('public.')}"


def _short(definition: str) -> str:
    text = " ".join(definition.split()) or "otherwise"
    return text if len(text) <= _MOST_LETTERS else f"{text[:_MOST_LETTERS]}…"
