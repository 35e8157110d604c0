"""The rule `statement-unreadable`."""

from __future__ import annotations

from dataclasses import replace

from pgwright.checks.migrations.statement_unreadable import find
from pgwright.model.migration import PendingMigrations
from tests.checks.migrations.conftest import Rules

CHECK = "statement-unreadable"


def _unread(pending: PendingMigrations) -> PendingMigrations:
    (revision,) = pending.revisions
    statements = tuple(replace(one, actions=()) for one in revision.upgrade.statements)
    return replace(pending, revisions=(replace(revision, upgrade=replace(revision.upgrade, statements=statements)),))


def test_what_the_parser_does_not_take_was_not_examined(rules: Rules) -> None:
    pending = _unread(rules.pending('op.execute("ANALYZE note")'))
    (told,) = find(pending)
    assert "ANALYZE note" in told.reason


def test_quiet_for_what_it_takes(rules: Rules) -> None:
    assert list(find(rules.pending('op.execute("ANALYZE note")'))) == []
