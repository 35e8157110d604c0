"""Find names that the server cuts.

## What it does

Reports a name of more than 63 bytes in a statement of a revision.

## Why it matters

The server cuts it and says so in a NOTICE that nobody reads. The models and the downgrade name what is not there;
autogenerate sees a difference forever; and a second name with the same beginning is refused, or taken for the first by
IF NOT EXISTS.

## Example

    op.execute("ALTER TABLE note ADD CONSTRAINT ck_the_number_of_days_since_the_customer_signed_in_last_is_positive …")

Use instead:

    op.execute("ALTER TABLE note ADD CONSTRAINT ck_note_days_since_sign_in …")

## When it is wrong

Never.

## Source

PostgreSQL manual, Identifiers and Key Words: NAMEDATALEN.
Also known as: squawk identifier-too-long.
"""

from __future__ import annotations

from collections.abc import Iterator

from pglast.parser import ParseError, scan

from pgwright.checks.lint_tables import report, steps
from pgwright.model.finding import Check, Evidence, Finding
from pgwright.model.migration import PendingMigrations
from pgwright.model.names import MAX_IDENTIFIER_BYTES, shorten


def find(pending: PendingMigrations) -> Iterator[Finding]:
    for step in steps(pending):
        for name in dict.fromkeys(_names(step.statement.text)):
            yield report(
                CHECK,
                step,
                shorten(name),
                f"The server cuts {name} to {shorten(name)}: models and downgrades that say the whole name miss it.",
                evidence=[Evidence("length", f"{len(name.encode())} bytes, of {MAX_IDENTIFIER_BYTES}")],
                advice=f"Give it a name of at most {MAX_IDENTIFIER_BYTES} bytes.",
            )


def _names(text: str) -> Iterator[str]:
    """Yield the names that are too long."""
    if len(text) <= MAX_IDENTIFIER_BYTES:
        return
    try:
        tokens = scan(text)
    except (ParseError, UnicodeError):
        return
    for token in tokens:
        if token.name in ("IDENT", "UIDENT"):
            written = text[token.start : token.end + 1]
            name = written[1:-1].replace('""', '"') if written.startswith('"') else written
            if len(name.encode()) > MAX_IDENTIFIER_BYTES:
                yield name


CHECK = Check(__name__, reads=PendingMigrations, severity="low", confidence="certain", find=find)
