"""The rule `column-default-changed`."""

from __future__ import annotations

from tests.checks.migrations.conftest import Rules, of, with_statements

CHECK = "column-default-changed"

_SCHEMA = "CREATE TABLE note (id int PRIMARY KEY, state text DEFAULT 'new')"
_CHANGED = 'op.alter_column("note", "state", server_default="draft")'


def test_fires_where_an_insert_relies_on_it(rules: Rules) -> None:
    pending = with_statements(rules.pending(_CHANGED, _SCHEMA), "INSERT INTO note (id) VALUES ($1)")
    (found,) = of(CHECK, pending)
    assert (found.object, found.severity) == ("note (state) in r1", "low")


def test_quiet_where_each_insert_writes_it_or_none_is_known(rules: Rules) -> None:
    pending = rules.pending(_CHANGED, _SCHEMA)
    assert of(CHECK, pending) == []
    assert of(CHECK, with_statements(pending, "INSERT INTO note (id, state) VALUES ($1, $2)")) == []


def test_quiet_for_a_column_that_had_none(rules: Rules) -> None:
    pending = rules.pending(_CHANGED, "CREATE TABLE note (id int, state text)")
    assert of(CHECK, with_statements(pending, "INSERT INTO note (id) VALUES ($1)")) == []
