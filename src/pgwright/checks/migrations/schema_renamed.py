"""Find schemas that a revision renames under the code that runs.

## What it does

Reports ALTER SCHEMA … RENAME of a schema that was there before the pending revisions.

## Why it matters

The code that runs names the schema, or finds its tables by a `search_path` that does: all its requests fail with
`relation … does not exist`, until no old process runs any more. A name in `search_path` that is none is no error, so
that new tables end in another schema.

## Example

    op.execute("ALTER SCHEMA crm RENAME TO sales")

Use instead:

    op.execute("CREATE SCHEMA sales")   # then move table by table, each with a view of the old name

## When it is wrong

The app is stopped while the revision runs, or nothing in the schema is used.

## Source

PostgreSQL manual, ALTER SCHEMA.
Also known as: strong_migrations "Renaming a schema".
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.lint_code import execute, lines, next_revision
from pgwright.checks.lint_tables import parts, report
from pgwright.figures import count
from pgwright.model.finding import Check, Finding
from pgwright.model.migration import PendingMigrations
from pgwright.model.names import QualifiedName, quote

_SHOWN = 5


def find(pending: PendingMigrations) -> Iterator[Finding]:
    made: set[str] = set()
    for step, action in parts(pending, "create schema", "rename schema"):
        if action.kind == "create schema":
            made.add(action.name)
            continue
        snapshot = pending.snapshot
        held = [one.name for one in snapshot.tables if one.name.schema == action.name] if snapshot is not None else []
        if action.name in made or (snapshot is not None and not held):
            continue
        how_many = f"the {count(len(held), 'table')} in it" if held else "what is in it"
        yield report(
            CHECK,
            step,
            f"{action.name} to {action.new_name}",
            f"Code that runs names the schema {action.name}, or has it in its search_path: its requests for {how_many} "
            "fail from here on.",
            advice="Make the new schema beside it and move table by table, each with a view of the old name.",
            code=lines(
                execute(f"CREATE SCHEMA IF NOT EXISTS {quote(action.new_name)}"),
                *(line for one in held[:_SHOWN] for line in _moved(one, action.new_name)),
                next_revision("no process runs that names the old schema"),
                *(execute(f"DROP VIEW {one}") for one in held[:_SHOWN]),
                *([f"# and {len(held) - _SHOWN} more"] if len(held) > _SHOWN else []),
            ),
        )


def _moved(table: QualifiedName, schema: str) -> tuple[str, str]:
    there = QualifiedName(schema, table.name)
    return execute(f"ALTER TABLE {table} SET SCHEMA {quote(schema)}"), execute(
        f"CREATE VIEW {table} AS SELECT * FROM {there}"
    )


CHECK = Check(__name__, reads=PendingMigrations, severity="high", confidence="likely", find=find)
