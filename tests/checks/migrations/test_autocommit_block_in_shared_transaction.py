"""The rule `autocommit-block-in-shared-transaction`."""

from __future__ import annotations

from dataclasses import replace

from tests.checks.migrations.conftest import Rules, of, with_environment

CHECK = "autocommit-block-in-shared-transaction"

_BODY = """
with op.get_context().autocommit_block():
    op.execute("ANALYZE note")
"""


def test_fires_when_several_revisions_share_a_transaction(rules: Rules) -> None:
    pending = rules.pending(_BODY)
    several = replace(pending, revisions=(*pending.revisions, replace(pending.revisions[0], revision="r2")))
    (found,) = of(CHECK, with_environment(several))
    assert "2 pending revisions with autocommit_block()" in found.message
    assert of(CHECK, with_environment(several, transaction_per_migration=True)) == []
    assert of(CHECK, with_environment(several, runs_safely=True)) == []


def test_quiet_for_one_revision(rules: Rules) -> None:
    assert of(CHECK, with_environment(rules.pending(_BODY))) == []
