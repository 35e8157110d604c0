"""Drop an index that costs more than it gives."""

from __future__ import annotations

from pgwright.model.change import DropIndex
from pgwright.model.index import Index
from pgwright.model.names import quote
from pgwright.model.remedy import Remedy
from pgwright.model.snapshot import Snapshot
from pgwright.remedies import expression_statistics
from pgwright.remedies.create_index import partitioned_steps
from pgwright.remedies.estimate import analyze_seconds, family, in_words
from pgwright.remedies.indexes import belongings, build, drop, drop_partitioned
from pgwright.sizes.builds import build_seconds
from pgwright.visible import as_line


def render(change: DropIndex, snapshot: Snapshot) -> Remedy:
    """Return the steps: gone without blocking anybody, and built again on the way down."""
    index = next((index for index in snapshot.indexes if index.name == change.name), None)
    tables = family(snapshot, change.table)
    if index is not None and not is_safe(change, snapshot):
        return _partitioned(change, snapshot, index)
    return Remedy(
        title=f"Drop index {quote(change.name.name)} of {change.table.short}{_kept(change)}",
        change=change,
        findings=(),
        upgrade=(*expression_statistics.keep(change.table, change.statistics), drop(change.name, change.table)),
        downgrade=(
            build(change.name, change.table, change.sql),
            *belongings(change.name, change.table, snapshot),
            *expression_statistics.give_back(change.table, change.statistics),
        ),
        is_safe=True,
        warning="",
        seconds_estimate=analyze_seconds(tables[0]) if change.statistics and tables else 0.0,
        model_hint=_hint(change),
    )


def is_safe(change: DropIndex, snapshot: Snapshot) -> bool:
    """Tell whether it can be dropped concurrently, which the server does for no partitioned index."""
    table = snapshot.table_by_name.get(change.table)
    return table is None or table.kind != "partitioned table"


def _kept(change: DropIndex) -> str:
    expressions = ", ".join(each.expression for each in change.statistics)
    return f", and keep the statistics of {expressions}" if expressions else ""


def _partitioned(change: DropIndex, snapshot: Snapshot, index: Index) -> Remedy:
    parts = _parts(snapshot, index)
    tables = tuple(table.name for table in family(snapshot, change.table))
    seconds = build_seconds(index.definition, snapshot)
    return Remedy(
        title=f"Drop partitioned index {quote(change.name.name)} of {change.table.short}",
        change=change,
        findings=(),
        upgrade=(drop_partitioned(change.name, tables),),
        downgrade=(
            *partitioned_steps(index.definition, snapshot, {part.table: part.name.name for part in parts}),
            *(step for part in (index, *parts) for step in belongings(part.name, part.table, snapshot)),
        ),
        is_safe=False,
        warning=(
            f"DROP INDEX takes ACCESS EXCLUSIVE on {change.table.short} and all its partitions, for a moment, but "
            f"it has to get them all. The downgrade builds the index again: {in_words(seconds)}, estimated."
        ),
        seconds_estimate=0.0,
        model_hint=_hint(change),
    )


def _parts(snapshot: Snapshot, index: Index) -> list[Index]:
    """Return the indexes below a partitioned one."""
    found = [index]
    for parent in found:
        found += [child for child in snapshot.indexes if child.parent == parent.name]
    return found[1:]


def _hint(change: DropIndex) -> str:
    name = as_line(quote(change.name.name))
    return f"remove the index {name} (an Index(...) of that name, or index=True on the column)"
