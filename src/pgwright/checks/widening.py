"""Integer columns that become wider, all together: the change, and what forbids it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pgwright.checks.families import families
from pgwright.checks.references import ColumnName, References, detached
from pgwright.checks.unread import hides_statements
from pgwright.model.change import ColumnConversion, ConvertColumns
from pgwright.model.snapshot import Snapshot
from pgwright.sqltext import gist
from pgwright.workload.uses import computing_statements


def widened(snapshot: Snapshot, references: References, columns: Sequence[ColumnName], to_type: str) -> ConvertColumns:
    """Return the change that gives columns a wider type."""
    tables = families(snapshot)
    return ConvertColumns(
        tuple(
            ColumnConversion(
                table=name[0],
                column=name[1],
                from_type=snapshot.column(*name).type,
                to_type=to_type,
                default=snapshot.column(*name).default,
                table_bytes=tables[name[0]].total_bytes,
            )
            for name in columns
        ),
        detached(references.keys_at(columns)),
    )


def obstacles(snapshot: Snapshot, references: References, columns: Sequence[ColumnName]) -> Iterator[str]:
    """Yield why `fix` must not convert these columns."""
    for name in columns:
        if (domain := snapshot.column(*name).domain) is not None:
            yield f"{snapshot.describe(name[0], (name[1],))} is of the domain {domain.short}, and would lose it"
    for (table, column), statements in computing_statements(snapshot).items():
        if references.owner(table, column) in columns:
            yield f"a statement computes with {snapshot.describe(table, (column,))}, {gist(statements[0].text)}"
    if hides_statements(snapshot):
        yield "not all of the workload could be read, and a statement may compute with one of them"
