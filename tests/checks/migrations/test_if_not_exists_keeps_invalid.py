"""The rule `if-not-exists-keeps-invalid`."""

from __future__ import annotations

from tests.checks.migrations.conftest import Rules

CHECK = "if-not-exists-keeps-invalid"


def _built(table: str, first: str = "pass") -> str:
    return f"""
with op.get_context().autocommit_block():
    {first}
    op.create_index("ix", "{table}", ["title"], postgresql_concurrently=True, if_not_exists=True)
"""


def test_fires_on_a_large_table(rules: Rules) -> None:
    assert rules.objects(CHECK, _built("note")) == ["note (ix)"]


def test_quiet_on_a_small_table(rules: Rules) -> None:
    assert rules.objects(CHECK, _built("small")) == []


def test_quiet_when_a_leftover_is_dropped_first(rules: Rules) -> None:
    first = 'op.drop_index("ix", table_name="note", postgresql_concurrently=True, if_exists=True)'
    assert rules.objects(CHECK, _built("note", first)) == []
