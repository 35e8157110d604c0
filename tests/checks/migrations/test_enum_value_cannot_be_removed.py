"""The rule `enum-value-cannot-be-removed`."""

from __future__ import annotations

from tests.checks.migrations.conftest import Rules

CHECK = "enum-value-cannot-be-removed"

_SCHEMA = "CREATE TYPE state AS ENUM ('new', 'done'); CREATE TABLE job (id int, state state)"


def test_fires_without_if_not_exists(rules: Rules) -> None:
    (found,) = rules.found(CHECK, "op.execute(\"ALTER TYPE state ADD VALUE 'lost'\")", _SCHEMA)
    assert (found.object, found.severity) == ("state (lost) in r1", "low")
    assert "IF NOT EXISTS 'lost'" in found.code


def test_quiet_with_it_and_for_a_new_type(rules: Rules) -> None:
    body = """
op.execute("ALTER TYPE state ADD VALUE IF NOT EXISTS 'lost'")
op.execute("CREATE TYPE mood AS ENUM ('a')")
op.execute("ALTER TYPE mood ADD VALUE 'b'")
"""
    assert rules.objects(CHECK, body, _SCHEMA) == []


def test_a_downgrade_that_makes_the_type_anew_is_worse(rules: Rules) -> None:
    up = "op.execute(\"ALTER TYPE state ADD VALUE IF NOT EXISTS 'lost'\")"
    down = """
op.execute("ALTER TYPE state RENAME TO state_old")
op.execute("CREATE TYPE state AS ENUM ('new', 'done')")
op.execute("ALTER TABLE job ALTER state TYPE state USING state::text::state")
op.execute("DROP TYPE state_old")
"""
    (found,) = rules.linter.found(CHECK, up, down, schema=_SCHEMA)
    assert found.severity == "medium"
