"""The first revision: new columns, kept in step with the old ones, and the backfill of what is there."""

from __future__ import annotations

from pgwright.model.names import QualifiedName, quote
from pgwright.model.remedy import Step
from pgwright.remedies.blocks import block
from pgwright.remedies.online.series import Series
from pgwright.remedies.online.steps import brief, declared, forgotten, literal
from pgwright.remedies.online.triggers import keep_in_step, leave_step
from pgwright.remedies.uuid_text import require_distinct, require_uuids


def upgrade(series: Series) -> tuple[Step, ...]:
    steps = [*_looks(series)]
    for table in series.tables:
        columns = ",\n    ".join(f"ADD COLUMN IF NOT EXISTS {quote(one.new)} {one.to_type}" for one in series.of(table))
        steps.append(brief(f"ALTER TABLE {table}\n    {columns}", "ACCESS EXCLUSIVE", table))
        steps += keep_in_step(series, table, is_swapped=False)
        steps.append(_declared(series, table))
    return tuple(steps)


def downgrade(series: Series) -> tuple[Step, ...]:
    steps: list[Step] = []
    for table in reversed(series.tables):
        columns = ",\n    ".join(f"DROP COLUMN IF EXISTS {quote(one.new)}" for one in series.of(table))
        steps += [forgotten(series.backfill(table)), *leave_step(series, table)]
        steps.append(brief(f"ALTER TABLE {table}\n    {columns}", "ACCESS EXCLUSIVE", table))
    return tuple(steps)


def _looks(series: Series) -> list[Step]:
    """Return the steps that look at the values first, so that bad ones are told before anything is done."""
    uuids = [one.conversion for one in series.pairs if one.to_type == "uuid"]
    if not uuids:
        return []
    unique = [one.index.definition for one in series.indexes if one.index.definition.is_unique]
    rows = (
        (str(one.table), quote(one.name), one.to_old(one.to_new(quote(one.name))))
        for one in series.pairs
        if one.to_type == "uuid"
    )
    places = ",\n            ".join(f"({', '.join(map(literal, row))})" for row in rows)
    spelled = block("require_spelling", places=places)
    blocks = (require_uuids(uuids), require_distinct(uuids, unique), spelled)
    read = tuple(map(str, sorted({one.table for one in uuids})))
    return [Step(each, False, "ACCESS SHARE", read, waits_long=True) for each in blocks if each]


def _declared(series: Series, table: QualifiedName) -> Step:
    pairs = series.of(table)
    return declared(
        series.backfill(table),
        table,
        {one.new: one.to_new(quote(one.name)) for one in pairs},
        " OR ".join(one.unfilled for one in pairs),
    )
