"""Find new columns that count up by SERIAL.

## What it does

Reports a new column of type serial or bigserial, which SQLAlchemy makes of an integer primary key unless it is told
otherwise. Where most keys of the database are so, it follows custom, and nothing is said.

## Why it matters

SERIAL is a default, a sequence and a dependency that go separate ways: the sequence needs a GRANT of its own, a copied
table draws from the old one, an INSERT of an explicit number is not refused, and a later change of the type leaves the
sequence behind.

## Example

    sa.Column("id", sa.BigInteger(), primary_key=True)

Use instead:

    sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True)

## When it is wrong

All other tables are made so, and one way is better than two.

## Source

PostgreSQL wiki, Don't Do This: serial.
Also known as: squawk prefer-identity, adding-serial-primary-key-field.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.column_types import new_columns
from pgwright.checks.lint_code import python_text
from pgwright.checks.lint_tables import report
from pgwright.model.finding import Check, Evidence, Finding
from pgwright.model.migration import PendingMigrations


def find(pending: PendingMigrations) -> Iterator[Finding]:
    for new in new_columns(pending, CHECK.name):
        yield report(
            CHECK,
            new.step,
            new.about,
            f"{new.about} counts up by SERIAL, which needs rights of its own; an identity is part of the table.",
            evidence=[Evidence("also", one) for one in new.also],
            advice="Say sa.Identity() in the model and in the revision.",
            code=f"sa.Column({python_text(new.columns[0].name)}, sa.BigInteger(), sa.Identity(), primary_key=True)",
        )


CHECK = Check(__name__, reads=PendingMigrations, severity="info", confidence="possible", find=find)
