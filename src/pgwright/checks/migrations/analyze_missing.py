"""Find changes that leave a column or an expression without statistics, with no ANALYZE after them.

## What it does

Reports a column whose type changes, a new column that all rows have a value of, and a new index on an expression, of a
table that is not small, where no later pending revision analyzes the table.

## Why it matters

The planner guesses: that an expression has 200 values, that a condition finds half a percent of the rows. Autovacuum
does not come soon, for it counts changed rows, and these changes count as none.

## Example

    op.execute("ALTER TABLE note ALTER COLUMN size TYPE bigint")

Use instead:

    op.execute("ALTER TABLE note ALTER COLUMN size TYPE bigint")
    op.execute("ANALYZE note")

## When it is wrong

The table is analyzed by a job after each deploy; or it changes so fast that autovacuum comes within minutes.

## Source

PostgreSQL manual, ALTER TABLE, SET DATA TYPE: "the statistics for that column are removed, so running ANALYZE … is
recommended"; CREATE INDEX: Notes.
Also known as: strong_migrations auto_analyze.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.lint_code import execute, lines
from pgwright.checks.lint_tables import LintStep, in_words, report, steps
from pgwright.figures import listing
from pgwright.model.finding import Check, Finding
from pgwright.model.migration import Action, PendingMigrations
from pgwright.model.names import QualifiedName
from pgwright.sqltext.rewording import plain


def find(pending: PendingMigrations) -> Iterator[Finding]:
    lacking: dict[QualifiedName, tuple[LintStep, Action]] = {}
    for step in steps(pending):
        for action in step.statement.actions:
            table = step.table(action.table)
            if action.kind == "analyze" or (action.kind == "vacuum" and "ANALYZE" in step.statement.text.upper()):
                lacking = {} if table is None else {name: one for name, one in lacking.items() if name != table}
            elif table is not None and step.matters(table) and _loses(step, action, table):
                lacking.setdefault(table, (step, action))
    revisions = dict.fromkeys(step.revision.revision for step, _ in lacking.values())
    for revision in revisions:
        yield _finding({table: one for table, one in lacking.items() if one[0].revision.revision == revision})


def _loses(step: LintStep, action: Action, table: QualifiedName) -> bool:
    if action.kind == "create index":
        return "" in action.columns
    is_filled = action.kind == "add column" and action.default is not None and step.is_rewritten(table)
    return action.kind == "change type" or is_filled


def _finding(lacking: dict[QualifiedName, tuple[LintStep, Action]]) -> Finding:
    """Return one finding for all tables of a revision."""
    step, _ = next(iter(lacking.values()))
    tables = list(lacking)
    what = [f"{name.short} ({one.name})" for name, (_, one) in lacking.items()]
    analyze = execute(f"ANALYZE {', '.join(one.short for one in tables)}")
    is_one = len(tables) == 1 and not step.statement.is_autocommit
    return report(
        CHECK,
        step,
        listing(what),
        f"After this the planner knows nothing of {listing(what)}, and autovacuum will not come soon: what changed "
        "counts as no changed row.",
        tables=tables[:1],
        advice=f"ANALYZE {in_words(tables)} at the end of the revision, or in the next one: the app reads and writes "
        "meanwhile.",
        code=lines(execute(plain(step.statement.text)), analyze) if is_one else f"# at the end\n{analyze}",
    )


CHECK = Check(__name__, reads=PendingMigrations, severity="low", confidence="likely", find=find)
