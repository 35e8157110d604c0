"""The rule `constraint-dropped`."""

from __future__ import annotations

from tests.checks.migrations.conftest import SCHEMA, Rules, of, with_statements

CHECK = "constraint-dropped"

_SCHEMA = f"""{SCHEMA}; ALTER TABLE note ADD CONSTRAINT ck CHECK (id > 0), ADD CONSTRAINT uq UNIQUE (title),
    ADD CONSTRAINT there CHECK (state IS NOT NULL)"""


def test_fires_for_a_check_and_a_unique_constraint(rules: Rules) -> None:
    found = rules.found(CHECK, 'op.drop_constraint("ck", "note")\nop.drop_constraint("uq", "note")', _SCHEMA)
    assert {(one.object, one.severity) for one in found} == {("note (ck) in r1", "low"), ("note (uq) in r1", "medium")}


def test_an_upsert_that_needs_it_fails(rules: Rules) -> None:
    pending = rules.pending('op.drop_constraint("uq", "note")', _SCHEMA)
    upsert = "INSERT INTO note (id, title) VALUES ($1, $2) ON CONFLICT (title) DO NOTHING"
    (found,) = of(CHECK, with_statements(pending, upsert))
    assert (found.severity, found.confidence) == ("high", "certain")


def test_quiet_where_it_is_replaced_or_proved_by_the_column(rules: Rules) -> None:
    body = """
op.drop_constraint("ck", "note")
op.execute("ALTER TABLE note ADD CONSTRAINT ck CHECK (id > 1) NOT VALID")
op.alter_column("note", "state", nullable=False)
op.drop_constraint("there", "note")
"""
    assert rules.objects(CHECK, body, _SCHEMA) == []
