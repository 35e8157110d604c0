"""Find apps that work as superuser.

## What it does

Reports superusers that ran many statements of the workload on the user's tables.

## Why it matters

A superuser passes every check: row-level security, GRANT, connection limits. One SQL injection then reads files and
runs programs on the server. A run-away app also takes the connections that are reserved for the people who would stop
it.

## Example

    DATABASE_URL=postgresql://postgres@db/shop

Use instead:

    DATABASE_URL=postgresql://shop_app@db/shop

## When it is wrong

A person or a migration that worked a lot as superuser while the counters ran.

## Source

PostgreSQL manual, Role Attributes (https://www.postgresql.org/docs/current/role-attributes.html): "a superuser …
bypasses all permission checks".
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pgwright.checks.no_workload import why_no_workload
from pgwright.figures import count
from pgwright.model.finding import Check, Evidence, Finding
from pgwright.model.names import quote
from pgwright.model.not_examined import NotExamined
from pgwright.model.snapshot import Snapshot
from pgwright.model.statement import Statement
from pgwright.sqltext import gist
from pgwright.workload.shaped import shaped_statements

# A person at a console runs fewer of them.
FEWEST_CALLS = 100
_RIGHTS = "SELECT, INSERT, UPDATE, DELETE"
# Of a name as SQL text; one without a schema is in `public`.
_SCHEMA = re.compile(r'("(?:[^"]|"")+"|[^".]+)\.')


def find(snapshot: Snapshot) -> Iterator[Finding | NotExamined]:
    if (cause := why_no_workload(snapshot)) is not None:
        yield CHECK.unexamined(*cause)
        return
    superusers = {role.name for role in snapshot.roles if role.is_superuser}
    by_role: dict[str, list[Statement]] = {}
    for query in shaped_statements(snapshot):
        if query.statement.role in superusers:
            by_role.setdefault(query.statement.role, []).append(query.statement)
    for role, statements in sorted(by_role.items()):
        if sum(statement.calls for statement in statements) >= FEWEST_CALLS:
            yield _finding(snapshot, role, statements)


def _finding(snapshot: Snapshot, role: str, statements: list[Statement]) -> Finding:
    busiest = max(statements, key=lambda statement: statement.calls)
    return CHECK.found(
        quote(role),
        f"The app works as {quote(role)}, a superuser: no permission and no row-level security holds for it.",
        evidence=[
            Evidence("calls on the user's tables", count(sum(statement.calls for statement in statements))),
            Evidence("most frequent statement", gist(busiest.text)),
            Evidence("tables with row-level security", count(sum(table.has_row_security for table in snapshot.tables))),
        ],
        advice="Create a role that may only read and write the app's tables, and connect as that one; keep another for "
        "migrations, which owns the tables. Try it on a copy first: policies hold for the new role, which they did not "
        "for the superuser, so without one that lets rows through it sees none. The default privileges are for what "
        f"{quote(role)} creates; give them FOR ROLE the one that runs your migrations, too.",
        sql=_sql(snapshot, role),
    )


def _sql(snapshot: Snapshot, superuser: str) -> str:
    """Return a role for the app, with rights on what is the user's own: what extensions brought is left out."""
    role = quote(f"{snapshot.server.database}_app")
    views = {dependent.name for dependent in snapshot.dependents if dependent.kind == "view"}
    tables: dict[str, set[str]] = {}
    for table in snapshot.tables:
        tables.setdefault(quote(table.name.schema), set()).add(str(table.name))
    for view in views:
        tables.setdefault(_schema_of(view), set()).add(view if _SCHEMA.match(view) else f"public.{view}")
    sequences: dict[str, set[str]] = {}
    for sequence in snapshot.sequences:
        sequences.setdefault(quote(sequence.name.schema), set()).add(str(sequence.name))
    statements = [f"CREATE ROLE {role} LOGIN"]
    for schema in sorted(tables):
        defaults = f"ALTER DEFAULT PRIVILEGES FOR ROLE {quote(superuser)} IN SCHEMA {schema} GRANT"
        statements += [
            f"GRANT USAGE ON SCHEMA {schema} TO {role}",
            f"GRANT {_RIGHTS} ON TABLE {', '.join(sorted(tables[schema]))} TO {role}",
            *(
                [f"GRANT USAGE ON SEQUENCE {', '.join(sorted(sequences[schema]))} TO {role}"]
                if schema in sequences
                else []
            ),
            f"{defaults} {_RIGHTS} ON TABLES TO {role}",
            f"{defaults} USAGE ON SEQUENCES TO {role}",
        ]
    return ";\n".join(statements)


def _schema_of(name: str) -> str:
    found = _SCHEMA.match(name)
    return found[1] if found else "public"


CHECK = Check(
    __name__, reads=Snapshot, needs=("tables", "statements", "roles"), severity="medium", confidence="likely", find=find
)
