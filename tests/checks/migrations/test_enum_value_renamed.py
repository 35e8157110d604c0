"""The rule `enum-value-renamed`."""

from __future__ import annotations

from tests.checks.migrations.conftest import Rules

CHECK = "enum-value-renamed"

_SCHEMA = "CREATE TYPE state AS ENUM ('new', 'done'); CREATE TABLE job (id int, state state)"


def test_fires_and_adds_a_value_instead(rules: Rules) -> None:
    (found,) = rules.found(CHECK, "op.execute(\"ALTER TYPE state RENAME VALUE 'done' TO 'finished'\")", _SCHEMA)
    assert (found.object, found.severity) == ("state (done to finished) in r1", "high")
    assert "UPDATE public.job SET state = 'finished' WHERE state = 'done'" in found.code


def test_quiet_for_a_new_type(rules: Rules) -> None:
    body = """
op.execute("CREATE TYPE mood AS ENUM ('a')")
op.execute("ALTER TYPE mood RENAME VALUE 'a' TO 'b'")
"""
    assert rules.objects(CHECK, body) == []
