"""The rule `concurrent-in-transaction`."""

from __future__ import annotations

from tests.checks.migrations.conftest import Rules

CHECK = "concurrent-in-transaction"

_CONCURRENT = 'op.create_index("ix", "note", ["title"], postgresql_concurrently=True)'


def test_fires_when_the_server_refuses_it(rules: Rules) -> None:
    (found,) = rules.found(CHECK, _CONCURRENT)
    assert found.severity == "high"
    assert "cannot run inside a transaction block" in found.message
    assert found.code.startswith("with op.get_context().autocommit_block():")


def test_quiet_in_an_autocommit_block(rules: Rules) -> None:
    assert rules.objects(CHECK, f"with op.get_context().autocommit_block():\n    {_CONCURRENT}") == []
