"""The rule `foreign-key-added-without-index`."""

from __future__ import annotations

import pytest

from tests.checks.migrations.conftest import SCHEMA, Rules

CHECK = "foreign-key-added-without-index"

_KEY = 'op.create_foreign_key("fk", "{table}", "owner", ["owner_id"], ["id"])'


def test_fires_on_a_large_table_alone(rules: Rules) -> None:
    body = _KEY.format(table="note") + "\n" + _KEY.format(table="small")
    (found,) = rules.found(CHECK, body)
    assert found.object == "note (owner_id) in r1"
    assert "ix_note_owner_id" in found.code


@pytest.mark.parametrize(
    ("index", "is_found"),
    [("(owner_id)", False), ("(owner_id, id)", False), ("(id, owner_id)", True), ("(owner_id) WHERE id > 7", True)],
)
def test_an_index_that_begins_with_its_columns_serves_it(rules: Rules, index: str, is_found: bool) -> None:
    schema = f"{SCHEMA}; CREATE INDEX ON note {index}"
    assert bool(rules.objects(CHECK, _KEY.format(table="note"), schema)) == is_found


def test_quiet_when_a_pending_revision_makes_the_index(rules: Rules) -> None:
    body = _KEY.format(table="note") + '\nop.create_index("ix", "note", ["owner_id"])'
    assert rules.objects(CHECK, body) == []


def test_on_a_new_table_it_is_a_low_word(rules: Rules) -> None:
    body = """
op.create_table("fresh", sa.Column("owner_id", sa.Integer(), sa.ForeignKey("owner.id")))
op.create_table("other", sa.Column("owner_id", sa.Integer(), sa.ForeignKey("owner.id"), index=True))
"""
    (found,) = rules.found(CHECK, body)
    assert (found.object, found.severity) == ("fresh (owner_id) in r1", "low")
    assert found.code == 'op.create_index("ix_fresh_owner_id", "fresh", ["owner_id"])'
