"""The last revision: what kept old code going ends, and the old columns with it. Back, they are filled anew."""

from __future__ import annotations

from pgwright.model.names import QualifiedName, quote
from pgwright.model.remedy import Step
from pgwright.remedies.online.series import NEW_SCHEMA, OLD_SCHEMA, Series
from pgwright.remedies.online.steps import brief, declared, forgotten
from pgwright.remedies.online.triggers import keep_in_step, leave_step
from pgwright.remedies.online.views import create_views, drop_views


def upgrade(series: Series) -> tuple[Step, ...]:
    steps = [brief(drop_views(series, NEW_SCHEMA), "none"), brief(drop_views(series, OLD_SCHEMA), "none")]
    for table in series.tables:
        columns = ",\n    ".join(f"DROP COLUMN IF EXISTS {quote(one.old)}" for one in series.of(table))
        steps += leave_step(series, table)
        steps.append(brief(f"ALTER TABLE {table}\n    {columns}", "ACCESS EXCLUSIVE", table))
        steps += [forgotten(series.backfill(table))]
    return tuple(steps)


def downgrade(series: Series) -> tuple[Step, ...]:
    steps: list[Step] = []
    for table in series.tables:
        columns = ",\n    ".join(
            f"ADD COLUMN IF NOT EXISTS {quote(one.old)} {one.from_type}" for one in series.of(table)
        )
        steps.append(brief(f"ALTER TABLE {table}\n    {columns}", "ACCESS EXCLUSIVE", table))
        steps += keep_in_step(series, table, is_swapped=True)
        steps.append(_declared(series, table))
    views = [*create_views(series, NEW_SCHEMA, other=None), *create_views(series, OLD_SCHEMA, other="old")]
    return (*steps, *(Step(sql, True, "none", ()) for sql in views))


def _declared(series: Series, table: QualifiedName) -> Step:
    pairs = series.of(table)
    return declared(
        series.backfill_back(table),
        table,
        {one.old: one.to_old(quote(one.name)) for one in pairs},
        " OR ".join(one.unfilled_old for one in pairs),
    )
