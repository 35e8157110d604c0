"""The columns whose type a fix changes: an app whose models still say the old one fails on the copy with the fix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pgwright.figures import listing
from pgwright.model.snapshot import Snapshot

_MOST_NAMED = 3


@dataclass(frozen=True)
class Conversion:
    column: str
    """With its table, as people say it."""
    before: str
    after: str


def conversions(before: Snapshot, after: Snapshot) -> tuple[Conversion, ...]:
    """Return the columns of another type after the fix, in the order of the snapshot."""
    found = []
    for table in before.tables:
        now = after.table_by_name.get(table.name)
        for column in table.columns if now is not None else ():
            new = now.column_by_name.get(column.name) if now is not None else None
            if new is not None and new.type != column.type:
                found.append(Conversion(f"{table.name.short}.{column.name}", column.type, new.type))
    return tuple(found)


def explains(changed: Sequence[Conversion], reason: str) -> str:
    """Return what to do about an error that a changed type explains: one that it names; else nothing.

    >>> explains([Conversion("t.id", "text", "uuid")], "operator does not exist: uuid = character varying")
    'the fix converts t.id from text to uuid: change the models with it, or leave it out: fix --skip text-uuid-key'
    """
    named = [one for one in changed if one.after.split("(")[0] in reason.lower()]
    if not named:
        return ""
    columns = listing([one.column for one in named], _MOST_NAMED)
    said = f"the fix converts {columns} from {named[0].before} to {named[0].after}: change the models with it"
    return f"{said}, or leave it out: fix --skip text-uuid-key" if named[0].after == "uuid" else said
