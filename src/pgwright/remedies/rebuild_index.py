"""Replace an invalid index: it costs every write and serves no query."""

from __future__ import annotations

from pgwright.indexes.raising import raising
from pgwright.model.change import RebuildIndex
from pgwright.model.names import quote
from pgwright.model.remedy import Remedy
from pgwright.model.snapshot import Snapshot
from pgwright.remedies.indexes import build
from pgwright.sizes.builds import build_seconds

_DUPLICATES = (
    "The index is unique, and its first build may have failed because {table} holds duplicates. While it does, this "
    "step fails and the steps after it do not run: look for duplicates first."
)
_RAISING = (
    "{expression} may raise an error for a row of {table}: the first build may have failed of it and fails again, and "
    "where it does not, an INSERT of such a row fails afterwards. If so, drop the index."
)


def render(change: RebuildIndex, snapshot: Snapshot) -> Remedy:
    """Return the step; there is no way down, for nobody wants the broken index again."""
    known = next((index for index in snapshot.indexes if index.name == change.name), None)
    is_unique = change.sql.startswith("CREATE UNIQUE")
    table = snapshot.table_by_name.get(change.table)
    risk = raising(known.definition, table) if known and table else None
    warnings = [_DUPLICATES.format(table=change.table.short)] if is_unique else []
    warnings += [_RAISING.format(expression=risk, table=change.table.short)] if risk else []
    return Remedy(
        title=f"Build the invalid index {quote(change.name.name)} of {change.table.short} again",
        change=change,
        findings=(),
        # A step that builds an index removes an invalid one of that name first.
        upgrade=(build(change.name, change.table, change.sql),),
        downgrade=(),
        is_safe=not warnings,
        warning=" ".join(warnings),
        seconds_estimate=build_seconds(known.definition, snapshot) if known else None,
        model_hint="",
    )
