"""The rule `truncate-cascade`."""

from __future__ import annotations

import pytest

from tests.checks.migrations.conftest import SCHEMA, Rules

CHECK = "truncate-cascade"

_KEYED = f"{SCHEMA}; ALTER TABLE note ADD FOREIGN KEY (owner_id) REFERENCES owner"


def test_fires_for_what_is_emptied_besides(rules: Rules) -> None:
    (found,) = rules.found(CHECK, 'op.execute("TRUNCATE owner CASCADE")', _KEYED)
    assert "empties note (5,000,000 rows" in found.message
    assert found.code == 'op.execute("TRUNCATE owner, note")'


@pytest.mark.parametrize("statement", ["TRUNCATE note CASCADE", "TRUNCATE owner, note CASCADE", "TRUNCATE owner, note"])
def test_quiet_when_every_table_is_named(rules: Rules, statement: str) -> None:
    assert rules.objects(CHECK, f'op.execute("{statement}")', _KEYED) == []


def test_quiet_when_the_others_are_empty(rules: Rules) -> None:
    assert rules.objects(CHECK, 'op.execute("TRUNCATE owner CASCADE")', _KEYED, sizes={"note": 0}) == []
