"""The rule `not-null-dropped`."""

from __future__ import annotations

from tests.checks.migrations.conftest import Rules

CHECK = "not-null-dropped"

_SCHEMA = "CREATE TABLE note (id int PRIMARY KEY, title text NOT NULL, state text NOT NULL)"


def test_fires_for_a_column_that_is_there(rules: Rules) -> None:
    (found,) = rules.found(CHECK, 'op.alter_column("note", "title", nullable=True)', _SCHEMA)
    assert (found.object, found.severity) == ("note (title) in r1", "low")


def test_quiet_for_a_column_that_goes_and_a_new_one(rules: Rules) -> None:
    body = """
op.alter_column("note", "state", nullable=True)
op.drop_column("note", "state")
op.add_column("note", sa.Column("a", sa.Text(), nullable=False, server_default=""))
op.alter_column("note", "a", nullable=True)
"""
    assert rules.objects(CHECK, body, _SCHEMA) == []
