"""What a revision says of a backfill."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pgwright_runtime._sql import quoted


@dataclass(frozen=True)
class Backfill:
    """Which rows of a table are to do, and what is set in them.

    Raises: ValueError: a part is missing.
    """

    name: str
    table: str
    sets: Mapping[str, str]
    """By column, an SQL expression over the row."""
    where: str
    """Holds for the rows that are still to do, and no longer for one that is done: it is the proof as well."""
    schema: str | None = None
    """None: where the search path finds the table."""
    key: tuple[str, ...] = ()
    """Columns to walk along, of an index that begins with them; none: the primary key."""
    reads: str = ""
    """What it makes from what, in words, for whoever watches."""

    def __post_init__(self) -> None:
        for part in ("name", "table", "sets", "where"):
            if not getattr(self, part):
                raise ValueError(f"the backfill {self.name!r} says nothing of its {part}")

    @property
    def relation(self) -> str:
        """The table, as SQL has it."""
        return quoted(self.table, self.schema)

    @property
    def condition(self) -> str:
        """`where`, as a part of a statement."""
        return expression(self.where)

    def assignments(self) -> Mapping[str, str]:
        """Return what is set, by column, as parts of a statement."""
        return {column: expression(value) for column, value in self.sets.items()}

    @property
    def sets_json(self) -> str:
        """`sets`, in its order, as it is stored."""
        return json.dumps(list(self.sets.items()))

    @property
    def key_json(self) -> str:
        return json.dumps(list(self.key))


def expression(text: str) -> str:
    """Return SQL text in parentheses; a comment at its end does not swallow the closing one.

    >>> expression("lower(title)")
    '(lower(title))'
    """
    return f"({text}\n)" if "--" in text else f"({text})"


def backfill(
    name: str,
    table: str,
    sets: Mapping[str, str],
    where: str,
    schema: str | None = None,
    key: Sequence[str] = (),
    reads: str = "",
) -> Backfill:
    """Return a declaration. Raises: ValueError: a part is missing, or of the wrong type."""
    if isinstance(key, str):
        raise ValueError(f"the key of the backfill {name!r} is a text; it has to be a list of columns")
    return Backfill(name, table, dict(sets), where, schema, tuple(key), reads)
