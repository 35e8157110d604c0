"""Find new domains with constraints, which can never be changed without reading all their tables.

## What it does

Reports CREATE DOMAIN with CHECK or NOT NULL.

## Why it matters

A later change of the constraint is checked in every column of the type, in one statement that locks all those tables
against writes. A CHECK of a table can be replaced NOT VALID and validated while the app writes, table by table.

## Example

    op.execute("CREATE DOMAIN amount AS numeric CHECK (VALUE > 0)")

Use instead:

    op.create_check_constraint("invoice_amount_check", "invoice", "amount > 0", postgresql_not_valid=True)

## When it is wrong

The rule never changes, as for a domain that spells a standard.

## Source

PostgreSQL manual, CREATE DOMAIN (https://www.postgresql.org/docs/current/sql-createdomain.html).
Also known as: squawk ban-create-domain-with-constraint.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pgwright.checks.lint_tables import parts, report
from pgwright.model.finding import Check, Finding
from pgwright.model.migration import PendingMigrations

_CONSTRAINT = re.compile(r"\b(CHECK\s*\(|NOT\s+NULL\b)", re.IGNORECASE)


def find(pending: PendingMigrations) -> Iterator[Finding]:
    for step, action in parts(pending, "create domain"):
        if _CONSTRAINT.search(step.statement.text) is None:
            continue
        yield report(
            CHECK,
            step,
            action.name,
            f"A later change of the domain {action.name} will read all tables that use it, in one statement that keeps "
            "the app from writing to any of them.",
            advice="Use the plain type, with a CHECK on each table: that can be replaced table by table, while the app "
            "writes.",
        )


CHECK = Check(__name__, reads=PendingMigrations, severity="info", confidence="likely", find=find)
