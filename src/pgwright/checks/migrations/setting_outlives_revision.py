"""Find settings that a revision leaves behind for the revisions after it.

## What it does

Reports SET without LOCAL in `upgrade()` of a setting that changes what statements mean or do, such as `search_path`,
`role` or `session_replication_role`, and that the revision does not take back. Timeouts and memory are left alone,
unless a timeout is switched off.

## Why it matters

All revisions of a deploy run in one session. With another `search_path` those that follow change other tables, and
Alembic may no longer find `alembic_version`; with `session_replication_role = replica` no foreign key is checked any
more. Run one by one, they work.

## Example

    op.execute("SET search_path = archive")

Use instead:

    op.execute("SET LOCAL search_path = archive")   # ends with the transaction

## When it is wrong

Each revision runs in a session of its own.

## Source

PostgreSQL manual, SET.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pgwright.checks.lint_code import execute
from pgwright.checks.lint_tables import LintStep, parts, report
from pgwright.model.finding import Check, Finding, Severity
from pgwright.model.migration import PendingMigrations

_DANGEROUS = ("session_replication_role", "role", "session_authorization", "row_security", "search_path")
_MEANING = (*_DANGEROUS, "timezone", "datestyle", "standard_conforming_strings", "transaction_isolation",
            "default_transaction_isolation", "default_tablespace", "check_function_bodies",
            "synchronous_commit")  # fmt: skip
_TIMEOUTS = ("lock_timeout", "statement_timeout", "transaction_timeout")
_LOCAL = re.compile(r"^\s*set\s+local\b", re.IGNORECASE)
_RESETS = re.compile(r"^\s*reset\b|\bto\s+default\b", re.IGNORECASE)


def find(pending: PendingMigrations) -> Iterator[Finding]:
    for step, action in parts(pending, "set"):
        text, name = step.statement.text, action.name.lower()
        if _LOCAL.search(text) or _RESETS.search(text) or _is_taken_back(step, name):
            continue
        is_off = name in _TIMEOUTS and (action.default or "").strip("'\" ") in ("0", "0s", "0ms")
        if name in _MEANING or is_off:
            severity: Severity = "medium" if name in _DANGEROUS else "low"
            yield report(
                CHECK,
                step,
                name,
                f"{name} stays as it is set here for all revisions that run after this one in the same session.",
                severity=severity,
                advice="Say SET LOCAL, which ends with the transaction.",
                code=execute(re.sub(r"(?i)^(\s*)set\s+(session\s+)?", r"\1SET LOCAL ", text, count=1)),
            )


def _is_taken_back(step: LintStep, name: str) -> bool:
    """Tell whether a later statement of the revision sets it again, or resets it."""
    later = step.revision.upgrade.statements[step.position + 1 :]
    return any(
        action.kind == "set" and action.name.lower() in (name, "") for each in later for action in each.actions
    ) or any(re.match(r"\s*(reset|discard)\b", each.text, re.IGNORECASE) for each in later)


CHECK = Check(__name__, reads=PendingMigrations, severity="low", confidence="certain", find=find)
