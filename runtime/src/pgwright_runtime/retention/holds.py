"""What must stay, whatever the policies say: by order of a court, an audit or a dispute."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Table, and_, exists, false, or_

from pgwright_runtime._holds import LegalHold
from pgwright_runtime._references import TableReference, references
from pgwright_runtime.retention.policies import table_of


def held(holds: tuple[LegalHold, ...], table: Table) -> list[tuple[str, ColumnElement[bool]]]:
    """Return what holds rows of a table: each reason, with its condition."""
    found = []
    for hold in holds:
        subject = table_of(hold.table)
        conditions: list[ColumnElement[bool]] = []
        if subject is table:
            conditions.append(hold.condition)
        elif hold.covers_below:
            conditions += [_along(path, hold.condition) for path in _paths(table, subject)]
        if conditions:
            found.append((hold.reason, or_(false(), *conditions)))
    return found


def _paths(table: Table, subject: Table, seen: frozenset[Table] = frozenset()) -> list[list[TableReference]]:
    """Return the ways from a table to its subject, along foreign keys; none passes a table twice."""
    found: list[list[TableReference]] = []
    for reference in references([table]):
        parent = reference.parent
        if parent is subject:
            found.append([reference])
        elif parent is not table and parent not in seen:
            found += [[reference, *rest] for rest in _paths(parent, subject, seen | {table})]
    return found


def _along(path: list[TableReference], condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return the condition that a row's subject is held."""
    joins = [child == parent for reference in path for child, parent in reference.pairs]
    tables = [reference.parent for reference in path]
    return exists().select_from(*tables).where(and_(*joins, condition)).correlate(path[0].child)
