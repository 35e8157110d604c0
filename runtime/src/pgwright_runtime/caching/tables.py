"""The names of tables, however they are given."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias

from sqlalchemy import FromClause, Table, inspect

from pgwright_runtime.caching.reading import folded

Readable: TypeAlias = str | FromClause | type[Any]
"""A model's class, a table, or the name of a table or view, as SQL has it."""


def table_names(given: Iterable[Readable]) -> frozenset[str]:
    """Return their names, without schema. Raises: TypeError: something is none of them."""
    return frozenset(name for each in given for name in _names(each))


def _names(given: Any) -> Iterable[str]:
    if isinstance(given, str):
        # After the last dot that is not in quotes.
        yield folded(given if given.endswith('"') and '."' not in given else given.rpartition(".")[2])
    elif isinstance(given, Table):
        yield given.name
    else:
        mapper = inspect(given, raiseerr=False)
        tables = getattr(mapper, "tables", None)
        if not tables:
            raise TypeError(f"{given!r} is no model's class, no table and no name of one")
        for table in tables:
            yield table.name
