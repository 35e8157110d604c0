"""The rule `default-dropped-while-required`."""

from __future__ import annotations

from tests.checks.migrations.conftest import Rules, of, with_statements

CHECK = "default-dropped-while-required"

_SCHEMA = "CREATE TABLE note (id int PRIMARY KEY, title text NOT NULL DEFAULT '', state text DEFAULT 'new')"
_DROPPED = 'op.alter_column("note", "title", server_default=None)'


def test_fires_for_a_new_column_whose_default_goes_at_once(rules: Rules) -> None:
    body = """
op.add_column("note", sa.Column("rank", sa.Integer(), nullable=False, server_default="0"))
op.alter_column("note", "rank", server_default=None)
"""
    (found,) = rules.found(CHECK, body, _SCHEMA)
    assert (found.object, found.severity) == ("note (rank) in r1", "high")


def test_an_insert_that_leaves_it_out_makes_it_certain(rules: Rules) -> None:
    pending = rules.pending(_DROPPED, _SCHEMA)
    (found,) = of(CHECK, with_statements(pending, "INSERT INTO note (id) VALUES ($1)"))
    assert (found.severity, found.confidence) == ("high", "certain")


def test_quiet_where_every_insert_writes_it(rules: Rules) -> None:
    pending = rules.pending(_DROPPED, _SCHEMA)
    assert of(CHECK, with_statements(pending, "INSERT INTO note (id, title) VALUES ($1, $2)")) == []


def test_quiet_for_a_nullable_column_and_another_default(rules: Rules) -> None:
    body = """
op.alter_column("note", "state", server_default=None)
op.alter_column("note", "title", server_default=None)
op.alter_column("note", "title", server_default="untitled")
"""
    assert rules.objects(CHECK, body, _SCHEMA) == []
