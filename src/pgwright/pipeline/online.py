"""Stage 3, beside: conversions that run beside the app, where no statement of its workload stands in the way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from pgwright.errors import UnparsableStatement
from pgwright.figures import listing
from pgwright.model.change import ConvertColumns
from pgwright.model.finding import Finding
from pgwright.model.fix import Fix
from pgwright.model.not_examined import NotExamined
from pgwright.model.snapshot import Snapshot
from pgwright.remedies import go_online, make_fix, stated_times
from pgwright.sqltext import Schema, gist, inner_query
from pgwright.sqltext.view_limits import needs_a_table
from pgwright.workload.uses import compared_columns

STATED = "timestamptz"
"""What stands in place of a check's name where the team itself names columns."""


def with_times(fix: Fix, stated: Sequence[str], snapshot: Snapshot) -> Fix:
    """Return a fix that gives times their zone as well, in the columns that the team names. Raises ConfigError."""
    change = stated_times(stated, snapshot)
    if change is None:
        return fix
    places = ", ".join(snapshot.describe(one.table, (one.column,)) for one in change.columns)
    finding = Finding(STATED, "keys", "medium", "certain", places, "stated by the team", (), "", (change,))
    made = make_fix(snapshot, [finding])
    return replace(fix, remedies=(*fix.remedies, *made.remedies), refused=(*fix.refused, *made.refused))


def online(fix: Fix, snapshot: Snapshot, *, is_named: bool = False) -> Fix:
    """Return a fix whose conversions of large tables are series of revisions for a running app.

    Args:
        is_named: they were asked for by name, and are series however small the tables are.
    """
    remedies = []
    refused: list[NotExamined] = []
    for remedy in fix.remedies:
        change = remedy.change
        reasons = list(_reasons(change, snapshot)) if isinstance(change, ConvertColumns) else []
        if reasons:
            told = "change that first, or convert in a quiet hour: pgwright fix --breaking"
            refused.append(NotExamined(", ".join(remedy.findings), listing(reasons, 3), told))
        else:
            remedies.append(remedy)
    kept = replace(fix, remedies=tuple(remedies), refused=(*fix.refused, *refused))
    return go_online(kept, snapshot, small_s=0.0) if is_named else go_online(kept, snapshot)


def _reasons(change: ConvertColumns, snapshot: Snapshot) -> Iterator[str]:
    """Yield what statements of the workload say against it."""
    converted = {(each.table, each.column): each.to_type for each in change.columns}
    for one, other in sorted(compared_columns(snapshot)):
        types = [converted.get(place) or snapshot.column(*place).type for place in (one, other)]
        if "uuid" in types and types[0] != types[1] and converted.keys() & {one, other}:
            left, right = (snapshot.describe(table, (column,)) for table, column in (one, other))
            yield f"a statement compares {left} with {right}: both or none must become uuid"
    keys = {table: snapshot.table_by_name[table].primary_key for table, _ in converted}
    schema = Schema.of(snapshot)
    for statement in snapshot.statements:
        try:
            reason = needs_a_table(inner_query(statement.text) or statement.text, schema, keys)
        except (UnparsableStatement, RecursionError):
            continue
        if reason is not None:
            yield f"new code could not run {gist(statement.text)}: {reason}"
