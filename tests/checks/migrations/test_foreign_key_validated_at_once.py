"""The rule `foreign-key-validated-at-once`."""

from __future__ import annotations

from tests.checks.migrations.conftest import Rules

CHECK = "foreign-key-validated-at-once"


def _keyed(table: str, words: str = "") -> str:
    return f'op.create_foreign_key("fk_{table}", "{table}", "owner", ["owner_id"], ["id"]{words})'


def test_fires_on_a_large_table_alone(rules: Rules) -> None:
    (found,) = rules.found(CHECK, f"{_keyed('note')}\n{_keyed('small')}")
    assert found.object == "note (owner_id) in r1"
    assert "note (5,000,000 rows" in found.message
    assert "and owner (5,000,000 rows" in found.message


def test_quiet_when_it_is_not_valid(rules: Rules) -> None:
    assert rules.objects(CHECK, _keyed("note", ", postgresql_not_valid=True")) == []


def test_quiet_for_a_new_table(rules: Rules) -> None:
    body = 'op.create_table("fresh", sa.Column("owner_id", sa.Integer(), sa.ForeignKey("owner.id")))'
    assert rules.objects(CHECK, body) == []
