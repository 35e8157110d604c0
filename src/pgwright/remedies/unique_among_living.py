"""Let a soft-deleted row free its unique value: a unique index over the living rows takes the old one's place."""

from __future__ import annotations

from pgwright.model.change import UniqueAmongLiving
from pgwright.model.names import quote, quote_literal
from pgwright.model.remedy import Remedy, Step
from pgwright.model.snapshot import Snapshot
from pgwright.remedies import expression_statistics
from pgwright.remedies.blocks import block
from pgwright.remedies.dependents import constraint_comment
from pgwright.remedies.hints import index_hint
from pgwright.remedies.indexes import belongings, build, drop, drop_constraint, index_of
from pgwright.sizes.builds import build_seconds
from pgwright.visible import as_line


def render(change: UniqueAmongLiving, snapshot: Snapshot) -> Remedy:
    """Return the steps: the new index stands before the old one falls, so uniqueness holds at every moment."""
    table = change.definition.table
    new = index_of(change.definition)
    build_old = (build(change.replaces, table, change.sql), *belongings(change.replaces, table, snapshot))
    old_name = quote(change.constraint or change.replaces.name)
    if change.constraint is None:
        drop_old = drop(change.replaces, table)
        restore_old: tuple[Step, ...] = build_old
    else:
        drop_old = drop_constraint(change.constraint, table)
        comment = constraint_comment(snapshot, table, change.constraint)
        commented = (Step(comment, False, "SHARE UPDATE EXCLUSIVE", (str(table),)),) if comment is not None else ()
        restore_old = (*build_old, _adopt(change, change.constraint), *commented)
    return Remedy(
        title=f"Count only living rows in the unique {old_name} of {table.short}",
        change=change,
        findings=(),
        upgrade=(
            build(new, table, change.definition.sql()),
            *expression_statistics.keep(table, change.statistics),
            drop_old,
        ),
        downgrade=(*restore_old, drop(new, table), *expression_statistics.give_back(table, change.statistics)),
        # What it no longer enforces, code may rely on; a statement that the workload does not show may fail.
        is_safe=False,
        warning=(
            "It blocks nobody, and changes what the database keeps unique. "
            "INSERT ... ON CONFLICT on these columns fails unless it names the index's condition. "
            "The downgrade fails when a deleted row and a living one have the same value by then."
        ),
        seconds_estimate=build_seconds(change.definition, snapshot) if table in snapshot.table_by_name else None,
        model_hint=f"in place of the unique {as_line(old_name)}: {index_hint(change.definition)}",
    )


def _adopt(change: UniqueAmongLiving, constraint: str) -> Step:
    """Return the step that makes the old index a constraint again, unless an earlier try did so."""
    table = change.definition.table
    sql = block(
        "adopt_index",
        table_name=quote_literal(str(table)).strip(),
        name=quote_literal(constraint).strip(),
        table=str(table),
        constraint=quote(constraint),
        index=quote(change.replaces.name),
    )
    return Step(sql, False, "ACCESS EXCLUSIVE", (str(table),))
