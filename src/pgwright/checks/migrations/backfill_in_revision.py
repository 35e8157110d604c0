"""Find revisions that change the rows of whole tables.

## What it does

Reports UPDATE, DELETE, MERGE, INSERT … SELECT and DO blocks that read a table whole on the twin which is not small, and
revisions that read such a table in Python and change its rows in a loop.

## Why it matters

All rows stay locked to the end of the one transaction, and whoever wants to change one of them waits for all; vacuum
cannot clean up behind it; the deploy waits, and if it fails at the last row, all is undone. In a transaction that has
altered the table before, nobody can even read it.

## Example

    op.add_column("note", sa.Column("title_lower", sa.Text()))
    op.execute("UPDATE note SET title_lower = lower(title)")

Use instead:

    op.add_column("note", sa.Column("title_lower", sa.Text()))
    op.declare_backfill("note_title_lower", table="note", sets={"title_lower": "lower(title)"},
                        where="title_lower IS DISTINCT FROM lower(title)")

## When it is wrong

The condition is met by few rows, though no index finds them.

## Source

strong_migrations, "Backfilling data" (https://github.com/ankane/strong_migrations#backfilling-data).
Also known as: strong_migrations "backfill".
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from pgwright.checks.lint_code import backfill
from pgwright.checks.lint_tables import LintStep, report, steps
from pgwright.model.finding import Check, Finding
from pgwright.model.locks import blocks_writes
from pgwright.model.migration import ActionKind, PendingMigrations
from pgwright.model.names import QualifiedName, quote
from pgwright.sqltext.rewording import single_update

_WRITES: set[ActionKind] = {"update", "delete", "merge", "insert", "do", "call"}
_SENDS = {"execute", "executemany", "exec_driver_sql", "add", "add_all", "merge", "bulk_save_objects", "commit"}


def find(pending: PendingMigrations) -> Iterator[Finding]:
    for step in steps(pending):
        kinds = {one.kind for one in step.statement.actions}
        if not step.worked_on or step.statement.error:
            continue
        if kinds & _WRITES:
            yield _finding(step, step.worked_on[0])
        elif kinds == {"select"} and step.statement.reads_nothing and _loops(step.revision.source):
            yield _in_python(step, step.worked_on[0])


def _loops(source: str) -> bool:
    """Tell whether a revision sends statements in a loop."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return False
    loops = [one for one in ast.walk(tree) if isinstance(one, ast.For | ast.While)]
    calls = [each.func for one in loops for each in ast.walk(one) if isinstance(each, ast.Call)]
    return any(isinstance(one, ast.Attribute) and one.attr in _SENDS for one in calls)


def _finding(step: LintStep, table: QualifiedName) -> Finding:
    mode = step.held_before.get(table)
    is_locked = mode is not None and blocks_writes(mode)
    meanwhile = (
        f"nobody can use {table.short} meanwhile, which this transaction altered before"
        if is_locked
        else "who wants to change a row of it that this changed waits to the end"
    )
    return report(
        CHECK,
        step,
        table.short,
        f"This works through all of {step.sized(table)} in one transaction, {step.how_long()}: {meanwhile}.",
        tables=[table],
        severity="high" if is_locked else step.severity(table),
        advice="Declare a backfill: it runs beside the app, in batches, after the revision."
        if {one.kind for one in step.statement.actions} <= {"update"}
        else "Do it outside of the revision, in batches, each with a transaction of its own: run_batches() of "
        "pgwright_runtime.batches.",
        code=_code(step),
    )


def _in_python(step: LintStep, table: QualifiedName) -> Finding:
    return report(
        CHECK,
        step,
        f"{table.short} in Python",
        f"The revision reads all of {step.sized(table)} and sends statements in a loop: row by row, in one "
        "transaction.",
        tables=[table],
        severity=step.severity(table),
        confidence="possible",
        advice="Declare a backfill, if one SQL expression says it; else work in batches outside of the revision.",
    )


def _code(step: LintStep) -> str:
    found = single_update(step.statement.text)
    if found is None:
        return ""
    relation, sets, condition = found
    own = set(sets)
    if any(re.search(rf"\b{re.escape(column)}\b", value) for value in sets.values() for column in own):
        return ""  # which rows are done could not be told from the rows
    schema, _, table = (one.strip('"') for one in relation.rpartition("."))
    if len(sets) == 1 and condition in (f"{quote(column)} IS NULL" for column in sets) and _is_constant(*sets.values()):
        return backfill(f"{table}_{next(iter(own))}", table, sets, condition, schema)
    undone = " OR ".join(f"{quote(column)} IS DISTINCT FROM {value}" for column, value in sets.items())
    where = f"({condition}) AND ({undone})" if condition else undone
    if any(_is_json(step, column) for column in own):
        return ""  # json has no equality
    return backfill("_".join([table, *sorted(own)]), table, sets, where, schema)


def _is_constant(value: str) -> bool:
    return re.fullmatch(r"'(?:[^']|'')*'|TRUE|FALSE|-?[0-9.]+", value) is not None


def _is_json(step: LintStep, column: str) -> bool:
    known = step.known(step.worked_on[0])
    found = known.column_by_name.get(column) if known is not None else None
    return found is not None and found.base_type == "json"


CHECK = Check(__name__, reads=PendingMigrations, severity="medium", confidence="likely", find=find)
