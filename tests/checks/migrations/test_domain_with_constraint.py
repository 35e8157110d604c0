"""The rule `domain-with-constraint`."""

from __future__ import annotations

import pytest

from tests.checks.migrations.conftest import Rules

CHECK = "domain-with-constraint"


@pytest.mark.parametrize(
    ("words", "is_found"), [("CHECK (VALUE > 0)", True), ("NOT NULL", True), ("", False), ("DEFAULT 1", False)]
)
def test_fires_for_a_constraint(rules: Rules, words: str, is_found: bool) -> None:
    assert bool(rules.objects(CHECK, f'op.execute("CREATE DOMAIN amount AS int {words}")')) == is_found
