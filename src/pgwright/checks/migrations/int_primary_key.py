"""Find new tables whose key counts up in 32 or 16 bits.

## What it does

Reports a new primary key of type integer or smallint that counts up: SERIAL, which SQLAlchemy makes of `Integer`, or an
identity.

## Why it matters

The counter ends at 2,147,483,647, of a smallint at 32,767: then every INSERT fails. To change the type later writes the
table and every table that refers to it anew, or takes weeks of work beside the app. On a new table eight bytes cost
nothing.

## Example

    sa.Column("id", sa.Integer(), primary_key=True)

Use instead:

    sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True)

## When it is wrong

The table will never have many rows, as a list of countries. INSERTs that fail, or conflict, spend numbers, too.

## Source

PostgreSQL manual, Numeric Types. `sequence-near-limit` finds those that run full.
Also known as: squawk prefer-bigint-over-int, prefer-bigint-over-smallint; pg-index-health.
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
            f"The key of {new.about} counts up in too few bits: to make it larger is cheap now, and dear later.",
            evidence=[Evidence("also", one) for one in new.also],
            advice="Make it a bigint identity, and the columns that refer to it bigint.",
            code=f"sa.Column({python_text(new.columns[0].name)}, sa.BigInteger(), sa.Identity(), primary_key=True)",
        )


CHECK = Check(__name__, reads=PendingMigrations, severity="low", confidence="possible", find=find)
