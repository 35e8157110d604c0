"""The fix: which remedies, in which order, and what no remedy answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from pgwright.model.change import (
    AnalyzeTable,
    CascadeDelete,
    Change,
    ConvertColumns,
    CreateIndex,
    DropIndex,
    RebuildIndex,
    UniqueAmongLiving,
)
from pgwright.model.finding import Finding
from pgwright.model.fix import Fix
from pgwright.model.remedy import Remedy
from pgwright.model.snapshot import Snapshot
from pgwright.remedies import (
    analyze_table,
    cascade_delete,
    convert_columns,
    create_index,
    drop_index,
    rebuild_index,
    unique_among_living,
)
from pgwright.remedies.gains import gain_of
from pgwright.remedies.merge import merge

# In the order in which they run: a conversion rewrites every index, so new ones come after it; old indexes go last,
# when those that take over their work stand.
_RENDER: dict[type[Change], Callable[[Any, Snapshot], Remedy]] = {
    ConvertColumns: convert_columns.render,
    CascadeDelete: cascade_delete.render,
    UniqueAmongLiving: unique_among_living.render,
    RebuildIndex: rebuild_index.render,
    CreateIndex: create_index.render,
    DropIndex: drop_index.render,
    AnalyzeTable: analyze_table.render,
}
# Of the others none is.
_IS_SAFE: dict[type[Change], Callable[[Any, Snapshot], bool]] = {
    RebuildIndex: rebuild_index.is_safe,
    CreateIndex: create_index.is_safe,
    DropIndex: drop_index.is_safe,
    AnalyzeTable: lambda change, snapshot: True,
}


def is_safe(change: Change, snapshot: Snapshot) -> bool:
    """Tell whether what a change is rendered as may run on a busy table, and while the app's code is as it is."""
    judged = _IS_SAFE.get(type(change))
    return judged is not None and judged(change, snapshot)


def make_fix(snapshot: Snapshot, findings: Iterable[Finding]) -> Fix:
    """Return what `fix` writes for these findings.

    The same change asked for twice becomes one remedy that names both findings; a new index whose work another one
    does is left out, and its finding named with that one.
    """
    found = tuple(findings)
    draft = merge(snapshot, found)
    by_key = {finding.key: finding for finding in reversed(found)}
    remedies = [
        replace(render(change, snapshot), findings=tuple(keys), gain=gain_of(change, [by_key[key] for key in keys]))
        for kind, render in _RENDER.items()
        for change in draft.of(kind)
        for keys in [draft.wanted[change]]
    ]
    return Fix(
        remedies=tuple(remedies),
        by_hand=tuple(dict.fromkeys(finding.key for finding in found if not finding.changes)),
        refused=tuple(draft.refused),
    )
