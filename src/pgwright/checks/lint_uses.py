"""Who still names what a revision takes away or changes: the models, the views, and the statements of the workload."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pgwright.checks.lint_tables import LintStep
from pgwright.figures import count, listing
from pgwright.model.finding import Confidence, Evidence
from pgwright.model.migration import NameUse, PendingMigrations
from pgwright.model.names import QualifiedName
from pgwright.model.statement import Statement
from pgwright.sqltext.inserts import InsertedRow, read_insert
from pgwright.workload.shaped import shaped_statements

_SHOWN = 3


def uses_of(step: LintStep, table: QualifiedName, column: str = "") -> tuple[NameUse, ...]:
    """Return where a table, or one of its columns, is still named, those in the code first."""
    known = step.known(table)
    names = {table, known.name} if known is not None else {table}
    spelled = {text for one in names for text in (one.name, one.short, str(one))}
    found = [one for one in step.pending.uses if one.table in spelled and one.column == column]
    return tuple(sorted(found, key=lambda one: ("model", "view", "workload").index(one.kind)))


def confidence_of(uses: Iterable[NameUse]) -> Confidence:
    """A model that still names it breaks for certain; a statement may be of a version that is gone."""
    return "certain" if any(one.kind in ("model", "view") for one in uses) else "likely"


def named_by(uses: Iterable[NameUse]) -> str:
    """Return `app/models.py:12, a statement that ran 1,234 times and 2 more`."""
    return listing([one.where for one in uses])


def use_evidence(uses: Iterable[NameUse]) -> Iterator[Evidence]:
    words = {"model": "named by the models", "view": "named by a view", "workload": "named by the workload"}
    for one in tuple(uses)[:_SHOWN]:
        yield Evidence(words[one.kind], one.where)


def knows_workload(pending: PendingMigrations) -> bool:
    """Tell whether it is known what statements the code that runs sends."""
    return pending.snapshot is not None and bool(shaped_statements(pending.snapshot))


def inserts(step: LintStep, table: QualifiedName) -> Iterator[tuple[Statement, InsertedRow]]:
    """Yield the statements of the workload that add rows to a table."""
    known, snapshot = step.known(table), step.pending.snapshot
    name = known.name if known is not None else table
    for statement in snapshot.statements if snapshot is not None else ():
        if name.name in statement.text and (row := read_insert(statement.text)) is not None and row.table.matches(name):
            yield statement, row


def times(statements: Iterable[Statement]) -> str:
    """Return how often they ran together: `1,234 times`."""
    return count(sum(one.calls for one in statements), "time")
