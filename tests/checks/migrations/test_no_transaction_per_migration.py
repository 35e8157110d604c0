"""The rule `no-transaction-per-migration`."""

from __future__ import annotations

from dataclasses import replace

from tests.checks.migrations.conftest import Rules, of, with_environment

CHECK = "no-transaction-per-migration"

_BODY = 'op.add_column("note", sa.Column("x", sa.Text()))'


def test_fires_when_two_revisions_lock_tables(rules: Rules) -> None:
    pending = with_environment(rules.pending(_BODY))
    assert of(CHECK, pending) == []
    (revision,) = pending.revisions
    several = replace(pending, revisions=(revision, replace(revision, revision="r2")))
    (found,) = of(CHECK, several)
    assert "2 pending revisions lock tables" in found.message
    assert of(CHECK, with_environment(several, transaction_per_migration=True)) == []
