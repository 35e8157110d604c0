"""The rule `enum-value-order`."""

from __future__ import annotations

from tests.checks.migrations.conftest import Rules, of, with_statements

CHECK = "enum-value-order"

_SCHEMA = "CREATE TYPE size AS ENUM ('small', 'large'); CREATE TABLE shirt (id int, size size)"
_ADDED = "op.execute(\"ALTER TYPE size ADD VALUE 'medium'\")"


def test_fires_where_an_index_has_the_column(rules: Rules) -> None:
    (found,) = rules.found(CHECK, _ADDED, f"{_SCHEMA}; CREATE INDEX ON shirt (size)")
    assert found.object == "size (medium) in r1"


def test_fires_where_a_statement_sorts_by_it(rules: Rules) -> None:
    pending = with_statements(rules.pending(_ADDED, _SCHEMA), "SELECT id FROM shirt ORDER BY size")
    assert len(of(CHECK, pending)) == 1


def test_quiet_where_nothing_sorts_by_it(rules: Rules) -> None:
    assert rules.objects(CHECK, _ADDED, _SCHEMA) == []


def test_quiet_where_its_place_is_said(rules: Rules) -> None:
    body = "op.execute(\"ALTER TYPE size ADD VALUE 'medium' AFTER 'small'\")"
    assert rules.objects(CHECK, body, f"{_SCHEMA}; CREATE INDEX ON shirt (size)") == []
