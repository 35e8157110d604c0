"""Let a soft-deleted row free its unique value: a unique index over the living rows takes the old one's place."""

from __future__ import annotations

from dataclasses import replace

from pgwright.code.index_call import index_call
from pgwright.model.change import UniqueAmongLiving
from pgwright.model.names import quote, quote_literal
from pgwright.model.remedy import Remedy, Step
from pgwright.model.snapshot import Snapshot
from pgwright.remedies import expression_statistics
from pgwright.remedies.blocks import block
from pgwright.remedies.dependents import constraint_comment
from pgwright.remedies.indexes import belongings, build, drop, drop_constraint, index_of
from pgwright.sizes.builds import build_seconds
from pgwright.visible import as_line

_Steps = tuple[Step, ...]


def render(change: UniqueAmongLiving, snapshot: Snapshot) -> Remedy:
    """Return the steps: the new index stands before the old one falls, so uniqueness holds at every moment."""
    table = change.definition.table
    (build_new, drop_new), (drop_old, restore_old) = _new(change), _old(change, snapshot)
    old_name = quote(change.constraint or change.replaces.name)
    return Remedy(
        title=f"Count only living rows in the unique {old_name} of {table.short}",
        change=change,
        findings=(),
        upgrade=(*build_new, *drop_old),
        downgrade=(*restore_old, *drop_new),
        # What it no longer enforces, code may rely on; a statement that the workload does not show may fail.
        is_safe=False,
        warning=(
            "It blocks nobody, and changes what the database keeps unique. "
            "INSERT ... ON CONFLICT on these columns fails unless it names the index's condition. "
            "The downgrade fails when a deleted row and a living one have the same value by then."
        ),
        seconds_estimate=build_seconds(change.definition, snapshot) if table in snapshot.table_by_name else None,
        model_hint=f"in place of the unique {as_line(old_name)}: {index_call(change.definition)}",
        deploy=f"{_code(change)} before it, and the models with it.",
    )


def in_two(remedy: Remedy, change: UniqueAmongLiving, snapshot: Snapshot) -> tuple[Remedy, Remedy]:
    """Return it as two remedies, so that code can be deployed between them: the new index, then the end of the old."""
    table, old_name = change.definition.table.short, quote(change.constraint or change.replaces.name)
    new, (drop_old, restore_old) = _new(change), _old(change, snapshot)
    first = replace(
        remedy,
        title=f"Build the unique index {quote(change.definition.name)} among the living rows of {table}",
        upgrade=new[0],
        downgrade=new[1],
        is_safe=True,
        warning="",
        model_hint="",
        deploy=(
            f"It is harmless beside {old_name}, which stays: nothing has to be deployed before it. After it, and "
            f"before the next revision: {_code(change, after=True)}. Until then that works, too."
        ),
    )
    second = replace(
        remedy,
        title=f"Drop the unique {old_name} of {table}: its living rows stay unique",
        upgrade=drop_old,
        downgrade=restore_old,
        seconds_estimate=0.0,
        deploy=f"{_code(change)} before it, and the models with it.",
    )
    return first, second


def _code(change: UniqueAmongLiving, *, after: bool = False) -> str:
    """Return what has to change in the code."""
    columns = ", ".join(key.sql() for key in change.definition.keys)
    deploy = "deploy" if after else "Deploy"
    named = f" or ON CONSTRAINT {quote(change.constraint)}" if change.constraint is not None else ""
    wanted = f"ON CONFLICT ({columns}) WHERE {change.definition.predicate}"
    return f"{deploy} code that says {wanted} wherever it says ON CONFLICT ({columns}){named}"


def _new(change: UniqueAmongLiving) -> tuple[_Steps, _Steps]:
    """Return the steps that build the new index, and those that drop it."""
    table, new = change.definition.table, index_of(change.definition)
    return (build(new, table, change.definition.sql()),), (drop(new, table),)


def _old(change: UniqueAmongLiving, snapshot: Snapshot) -> tuple[_Steps, _Steps]:
    """Return the steps that end the old one, and those that restore it."""
    table = change.definition.table
    restored: _Steps = (build(change.replaces, table, change.sql), *belongings(change.replaces, table, snapshot))
    dropped = drop(change.replaces, table)
    if change.constraint is not None:
        dropped = drop_constraint(change.constraint, table)
        comment = constraint_comment(snapshot, table, change.constraint)
        commented = (Step(comment, False, "SHARE UPDATE EXCLUSIVE", (str(table),)),) if comment is not None else ()
        restored = (*restored, _adopt(change, change.constraint), *commented)
    ends = (*expression_statistics.keep(table, change.statistics), dropped)
    return ends, (*restored, *expression_statistics.give_back(table, change.statistics))


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
