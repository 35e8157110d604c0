"""The rule `primary-key-builds-index`."""

from __future__ import annotations

from tests.checks.migrations.conftest import Rules

CHECK = "primary-key-builds-index"

_BARE = "CREATE TABLE note (id int NOT NULL, title text); CREATE TABLE small (id int)"


def test_fires_on_a_large_table_alone(rules: Rules) -> None:
    body = 'op.create_primary_key("pk", "note", ["id"])\nop.create_primary_key("pk_small", "small", ["id"])'
    (found,) = rules.found(CHECK, body, _BARE)
    assert found.object == "note (id) in r1"
    assert "IS NOT NULL" not in found.code


def test_a_column_that_may_be_null_is_checked_first(rules: Rules) -> None:
    (found,) = rules.found(CHECK, 'op.create_primary_key("pk", "note", ["title"])', _BARE)
    assert "CHECK (title IS NOT NULL) NOT VALID" in found.code


def test_quiet_when_the_whole_table_is_rewritten_anyway(rules: Rules) -> None:
    body = 'op.execute("ALTER TABLE note ADD COLUMN n bigserial PRIMARY KEY")'
    assert rules.objects(CHECK, body, _BARE) == []
    assert rules.objects("table-rewritten", body, "") == ["note (n)"]
