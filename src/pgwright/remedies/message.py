"""What remedies do, in the one line that names a revision."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from pgwright.figures import listing
from pgwright.model.change import AnalyzeTable, ConvertColumns, ConvertOnline, CreateIndex, DropIndex, RebuildIndex
from pgwright.model.names import quote
from pgwright.model.remedy import Remedy

_MOST_NAMED = 3


def message_for(remedies: Sequence[Remedy]) -> str:
    """Return the message of a revision: `Index messages, notes; drop ix_old`."""
    first = remedies[0].change
    is_online = isinstance(first, ConvertOnline)
    if len(remedies) == 1 and (is_online or not isinstance(first, CreateIndex | ConvertColumns)):
        return remedies[0].title
    text = "; ".join(_phrases(remedies))
    return text[:1].upper() + text[1:]


def _phrases(remedies: Collection[Remedy]) -> Iterator[str]:
    changes = [remedy.change for remedy in remedies]
    for change in changes:
        if isinstance(change, ConvertColumns):
            types = " and ".join(sorted({one.to_type for one in change.columns}))
            yield f"convert keys of {_listed(one.table.short for one in change.columns)} to {types}"
    yield from (_lowered(one.title) for one in remedies if not isinstance(one.change, _SUMMED))
    if built := _listed(one.definition.table.short for one in changes if isinstance(one, CreateIndex)):
        yield f"index {built}"
    if rebuilt := _listed(quote(one.name.name) for one in changes if isinstance(one, RebuildIndex)):
        yield f"rebuild {rebuilt}"
    if dropped := _listed(quote(one.name.name) for one in changes if isinstance(one, DropIndex)):
        yield f"drop {dropped}"
    indexed = {one.definition.table for one in changes if isinstance(one, CreateIndex)}
    analyzed = (one.table for one in changes if isinstance(one, AnalyzeTable) and one.table not in indexed)
    if gathered := _listed(table.short for table in analyzed):
        yield f"analyze {gathered}"


_SUMMED = (ConvertColumns, CreateIndex, RebuildIndex, DropIndex, AnalyzeTable)


def _listed(names: Iterable[str]) -> str:
    return listing(list(dict.fromkeys(names)), _MOST_NAMED)


def _lowered(title: str) -> str:
    return title[:1].lower() + title[1:]
