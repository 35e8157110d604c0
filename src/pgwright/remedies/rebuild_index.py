"""Replace an invalid index, which serves no query; never a unique one, for that may keep duplicates out."""

from __future__ import annotations

from pgwright.indexes.raising import raising
from pgwright.model.change import RebuildIndex
from pgwright.model.index import Index
from pgwright.model.names import quote
from pgwright.model.remedy import Remedy
from pgwright.model.snapshot import Snapshot
from pgwright.remedies.indexes import build
from pgwright.sizes.builds import build_seconds

_RAISING = (
    "{expression} may raise an error for a row of {table}: the first build may have failed of it and fails again, and "
    "where it does not, an INSERT of such a row fails afterwards. If so, drop the index."
)


def render(change: RebuildIndex, snapshot: Snapshot) -> Remedy:
    """Return the step; there is no way down, for nobody wants the broken index again."""
    known, risk = _known(change, snapshot), _risk(change, snapshot)
    return Remedy(
        title=f"Build the invalid index {quote(change.name.name)} of {change.table.short} again",
        change=change,
        findings=(),
        # A step that builds an index removes an invalid one of that name first.
        upgrade=(build(change.name, change.table, change.sql),),
        downgrade=(),
        is_safe=risk is None,
        warning=_RAISING.format(expression=risk, table=change.table.short) if risk else "",
        seconds_estimate=build_seconds(known.definition, snapshot) if known else None,
        model_hint="",
    )


def is_safe(change: RebuildIndex, snapshot: Snapshot) -> bool:
    """Tell whether no row can make the build fail, or an INSERT afterwards, by what the index computes of it."""
    return _risk(change, snapshot) is None


def _known(change: RebuildIndex, snapshot: Snapshot) -> Index | None:
    return next((index for index in snapshot.indexes if index.name == change.name), None)


def _risk(change: RebuildIndex, snapshot: Snapshot) -> str | None:
    known, table = _known(change, snapshot), snapshot.table_by_name.get(change.table)
    return raising(known.definition, table) if known is not None and table is not None else None
