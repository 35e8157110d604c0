"""Where the app still names what the revisions take away: its models, its workload, the views."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pgwright.code import AppModels
from pgwright.code.app import NotFound
from pgwright.code.tables import DeclaredTable
from pgwright.model.migration import Action, NameUse, ObservedRevision
from pgwright.model.names import QualifiedName
from pgwright.model.snapshot import Snapshot
from pgwright.observing.names import shown
from pgwright.workload.shaped import ShapedStatement, statements_touching

_OF_COLUMNS = ("drop column", "rename column")
_OF_TABLES = ("drop table", "rename table", "set schema", "drop view", "drop materialized view")
_DEFAULT = "public"


@dataclass(frozen=True)
class Gone:
    """A column that the revisions drop or rename, or a whole table."""

    table: QualifiedName
    column: str
    """"" for the table itself."""


def gone_of(revisions: Iterable[ObservedRevision], snapshot: Snapshot | None) -> tuple[Gone, ...]:
    """Return what is there before the revisions and is gone, or called otherwise, after one of them."""
    made = {(one.schema, one.name) for revision in revisions for one in revision.new_tables}
    found: dict[Gone, None] = {}
    for revision in revisions:
        for statement in revision.upgrade.statements:
            for action in statement.actions if not statement.error else ():
                if (one := _gone(action, snapshot)) is not None and (one.table.schema, one.table.name) not in made:
                    found[one] = None
    return tuple(found)


def _gone(action: Action, snapshot: Snapshot | None) -> Gone | None:
    if action.table is None or action.kind not in (*_OF_COLUMNS, *_OF_TABLES):
        return None
    known = snapshot.tables if snapshot is not None else ()
    named = next((one.name for one in known if action.table.matches(one.name)), None)
    table = named or QualifiedName(action.table.schema or _DEFAULT, action.table.name)
    return Gone(table, action.name if action.kind in _OF_COLUMNS else "")


def uses_of(gone: Iterable[Gone], snapshot: Snapshot | None, models: AppModels | None) -> Iterator[NameUse]:
    """Yield where each is still named."""
    for one in gone:
        if models is not None:
            yield from _in_models(one, models)
        if snapshot is not None:
            yield from _in_workload(one, snapshot)
            yield from _in_views(one, snapshot)


def _in_models(one: Gone, models: AppModels) -> Iterator[NameUse]:
    table = models.app.table(one.table)
    if isinstance(table, NotFound) or table.module.is_aside:
        return
    if not one.column:
        yield NameUse(one.table.short, "", _place(table), "model")
        return
    column = table.column(one.column)
    if column is not None:
        line = column.statement.lineno if column.statement is not None else _line(table)
        yield NameUse(one.table.short, one.column, f"{shown(str(column.module.path))}:{line}", "model")


def _place(table: DeclaredTable) -> str:
    return f"{shown(str(table.module.path))}:{_line(table)}"


def _line(table: DeclaredTable) -> int:
    if table.owner is not None:
        return table.owner.node.lineno
    return table.call.lineno if table.call is not None else 1


def _in_workload(one: Gone, snapshot: Snapshot) -> Iterator[NameUse]:
    for shaped in statements_touching(one.table, snapshot):
        if not one.column or _names(shaped, one):
            calls = shaped.statement.calls
            where = f"a statement that ran {calls:,} time{'s' if calls != 1 else ''}"
            yield NameUse(one.table.short, one.column, where, "workload")


def _names(shaped: ShapedStatement, one: Gone) -> bool:
    """Tell whether a statement names a column, or reads all of its table's by `*`."""
    shape = shaped.shape
    if shape.target == one.table and one.column in shape.written:
        return True
    if any(use.table == one.table and use.column == one.column for block in shape.blocks for use in block.outputs):
        return True
    if any(one.table in block.reads_all_of for block in shape.blocks) and shape.kind == "select":
        return True
    # Where INSERT names its columns, and RETURNING, no shape has them.
    is_written = shape.target == one.table
    return is_written and re.search(rf'(?<![\w"]){re.escape(one.column)}(?![\w"])', shaped.statement.text) is not None


def _in_views(one: Gone, snapshot: Snapshot) -> Iterator[NameUse]:
    for dependent in snapshot.dependents_by_table.get(one.table, ()):
        if dependent.kind in ("view", "materialized view") and (not one.column or dependent.column == one.column):
            yield NameUse(one.table.short, one.column, f"the {dependent.kind} {dependent.name}", "view")
