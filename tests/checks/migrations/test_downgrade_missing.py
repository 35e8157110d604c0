"""The rule `downgrade-missing`."""

from __future__ import annotations

import pytest

from tests.checks.migrations.conftest import SCHEMA, Rules

CHECK = "downgrade-missing"

_UP = 'op.add_column("note", sa.Column("a", sa.Text()))'


def _found(rules: Rules, up: str, down: str) -> list[str]:
    return [one.message for one in rules.linter.found(CHECK, up, down, schema=SCHEMA)]


def test_fires_for_pass(rules: Rules) -> None:
    assert _found(rules, _UP, "pass") == ["downgrade() does nothing: the next upgrade meets what this one left."]


def test_fires_for_a_bare_raise(rules: Rules) -> None:
    assert _found(rules, _UP, "raise NotImplementedError") == ["downgrade() raises, and does not say why."]


@pytest.mark.parametrize(
    "down",
    [
        'op.drop_column("note", "a")',
        "# The column may stay.\npass",
        'raise NotImplementedError("restore the dump that was taken before")',
    ],
)
def test_quiet_where_it_undoes_or_says_why(rules: Rules, down: str) -> None:
    assert _found(rules, _UP, down) == []


def test_quiet_where_nothing_is_to_be_undone(rules: Rules) -> None:
    assert _found(rules, 'op.execute("ANALYZE note")', "pass") == []
