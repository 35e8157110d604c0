"""Let the database delete children with their parent: the foreign key falls and stands again with that action."""

from __future__ import annotations

from pgwright.model.change import CascadeDelete
from pgwright.model.names import QualifiedName, quote
from pgwright.model.remedy import Remedy, Step
from pgwright.model.snapshot import Snapshot
from pgwright.remedies.dependents import constraint_comment
from pgwright.remedies.estimate import SCAN_BYTES_PER_SECOND, family

_NOT_VALID, _NOT_ENFORCED = " NOT VALID", " NOT ENFORCED"


def render(change: CascadeDelete, snapshot: Snapshot) -> Remedy:
    """Return the steps: one moment in which the key is another one, and its validation, which blocks nobody."""
    child, parent = change.table.short, change.referenced_table.short
    heap = sum(table.heap_bytes for table in family(snapshot, change.table))
    return Remedy(
        title=f"Let deletes from {parent} delete their rows of {child} ({', '.join(map(quote, change.columns))})",
        change=change,
        findings=(),
        upgrade=_replace(change, change.cascading, snapshot),
        downgrade=_replace(change, change.definition, snapshot),
        # What a DELETE does is another thing afterwards.
        is_safe=False,
        warning=(
            f"What fails today, or is prepared row by row, deletes from then on: with a row of {parent} go its rows of "
            f"{child}."
        ),
        seconds_estimate=heap / SCAN_BYTES_PER_SECOND,
        model_hint=f'ForeignKey(…, ondelete="CASCADE") on {child} ({", ".join(map(quote, change.columns))})',
        deploy="With passive_deletes=True in the relationship, the ORM leaves the children to the database.",
    )


def _replace(change: CascadeDelete, definition: str, snapshot: Snapshot) -> tuple[Step, ...]:
    name = quote(change.name)
    tables = tuple(map(str, sorted({change.table, change.referenced_table})))
    later = _is_validated_later(change.table, definition, snapshot)
    sql = (
        f"ALTER TABLE {change.table}\n    DROP CONSTRAINT IF EXISTS {name},\n"
        f"    ADD CONSTRAINT {name} {definition}{_NOT_VALID if later else ''}"
    )
    steps = [Step(sql, False, "ACCESS EXCLUSIVE", tables)]
    comment = constraint_comment(snapshot, change.table, change.name)
    steps += [Step(comment, False, "SHARE UPDATE EXCLUSIVE", (str(change.table),))] if comment is not None else []
    if later:
        validate = f"ALTER TABLE {change.table} VALIDATE CONSTRAINT {name}"
        steps.append(Step(validate, False, "SHARE UPDATE EXCLUSIVE", (str(change.table),), waits_long=True))
    return tuple(steps)


def _is_validated_later(table: QualifiedName, definition: str, snapshot: Snapshot) -> bool:
    """Before PostgreSQL 18 a partitioned table takes no constraint that is not valid at once."""
    known = snapshot.table_by_name.get(table)
    is_partitioned = known is not None and known.kind == "partitioned table"
    return not definition.endswith((_NOT_VALID, _NOT_ENFORCED)) and not is_partitioned
