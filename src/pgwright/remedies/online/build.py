"""The second revision: what the new columns need of indexes, keys and checks, and the views for new code."""

from __future__ import annotations

from collections.abc import Iterable

from pgwright.model.names import QualifiedName, quote, shorten
from pgwright.model.remedy import Step
from pgwright.remedies.online.pair import ColumnPair
from pgwright.remedies.online.series import NEW_SCHEMA, KeyPair, Series
from pgwright.remedies.online.steps import brief, built, checked, long, required, unbuilt, unless_constraint
from pgwright.remedies.online.views import create_views, drop_views

_NOT_VALID, _NOT_ENFORCED = " NOT VALID", " NOT ENFORCED"


def upgrade(series: Series) -> tuple[Step, ...]:
    steps = [required(series.backfill(table)) for table in series.tables]
    for pair in series.pairs:
        if not pair.column.is_nullable:
            steps += checked(pair.table, filled(pair), f"{quote(pair.new)} IS NOT NULL")
    steps += [built(one.new) for one in series.indexes]
    for key in series.keys:
        steps += added(key, key.new_name, key.new_definition)
    # The new columns have no statistics, without which the new code's first queries would get bad plans.
    steps += [long(f"ANALYZE {table}", table) for table in series.tables]
    steps += [Step(sql, True, "none", ()) for sql in create_views(series, NEW_SCHEMA, other="new")]
    return tuple(steps)


def downgrade(series: Series) -> tuple[Step, ...]:
    # What the swap back adds again, it adds unread.
    steps = [*validated((one.key.table, one.key.name) for one in series.keys if is_read(one))]
    steps += [Step(drop_views(series, NEW_SCHEMA), True, "none", ())]
    steps += [dropped(one.key.table, one.new_name) for one in reversed(series.keys)]
    steps += [unbuilt(one.new) for one in reversed(series.indexes)]
    steps += [dropped(one.table, filled(one)) for one in series.pairs if not one.column.is_nullable]
    return tuple(steps)


def filled(pair: ColumnPair) -> str:
    """Return the name of the check that a new column is never null."""
    return shorten(f"{pair.new}_filled")


def added(one: KeyPair, name: str, definition: str) -> tuple[Step, ...]:
    """Return the steps that add a foreign key, and read the rows without holding up who writes."""
    key = one.key
    rest = "" if definition.endswith(_NOT_ENFORCED) else _NOT_VALID
    add = f"ALTER TABLE {key.table} ADD CONSTRAINT {quote(name)} {definition}{rest}"
    tables = dict.fromkeys((key.table, key.referenced_table))
    step = brief(unless_constraint(key.table, name, add), "SHARE ROW EXCLUSIVE", *tables)
    return (step, *validated([(key.table, name)])) if is_read(one) else (step,)


def is_read(one: KeyPair) -> bool:
    """Tell whether a key is one whose rows are all known to fit."""
    return one.key.is_validated and one.key.is_enforced


def validated(constraints: Iterable[tuple[QualifiedName, str]]) -> tuple[Step, ...]:
    """Return the steps that read the rows for constraints of these tables, where that was not done yet."""
    return tuple(long(f"ALTER TABLE {table} VALIDATE CONSTRAINT {quote(name)}", table) for table, name in constraints)


def dropped(table: QualifiedName, constraint: str) -> Step:
    return brief(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {quote(constraint)}", "ACCESS EXCLUSIVE", table)
