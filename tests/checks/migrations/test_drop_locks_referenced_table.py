"""The rule `drop-locks-referenced-table`."""

from __future__ import annotations

import pytest

from tests.checks.migrations.conftest import SCHEMA, Rules

CHECK = "drop-locks-referenced-table"

_KEYED = f"""{SCHEMA}; ALTER TABLE note ADD CONSTRAINT fk FOREIGN KEY (owner_id) REFERENCES owner;
    ALTER TABLE note ADD CONSTRAINT fk_small FOREIGN KEY (id) REFERENCES small;
    ALTER TABLE note ADD CONSTRAINT ck CHECK (id > 0)"""


def test_fires_for_the_table_that_is_referred_to(rules: Rules) -> None:
    (found,) = rules.found(CHECK, 'op.drop_constraint("fk", "note")', _KEYED)
    assert "locks owner (5,000,000 rows" in found.message


@pytest.mark.parametrize("name", ["fk_small", "ck"])
def test_quiet_when_no_other_large_table_is_locked(rules: Rules, name: str) -> None:
    assert rules.objects(CHECK, f'op.drop_constraint("{name}", "note")', _KEYED) == []


def test_fires_for_a_dropped_table(rules: Rules) -> None:
    assert rules.objects(CHECK, 'op.drop_table("note")', _KEYED) == ["note"]


def test_quiet_with_a_lock_timeout(rules: Rules) -> None:
    body = """op.execute("SET LOCAL lock_timeout = '2s'")\nop.drop_constraint("fk", "note")"""
    assert rules.objects(CHECK, body, _KEYED) == []
