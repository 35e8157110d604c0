"""The rule `enum-value-used-in-same-transaction`."""

from __future__ import annotations

import pytest

from tests.checks.migrations.conftest import Rules

CHECK = "enum-value-used-in-same-transaction"

_ENUM = "CREATE TYPE state AS ENUM ('new'); CREATE TABLE note (id int, state state)"
_ADD = """op.execute("ALTER TYPE state ADD VALUE 'late'")"""
_USE = """op.execute("UPDATE note SET state = 'late'")"""


def test_fires_when_the_server_refuses_it(rules: Rules) -> None:
    (found,) = rules.found(CHECK, f"{_ADD}\n{_USE}", _ENUM)
    assert found.object == "state (late) in r1"
    assert "unsafe use of new value" in found.message
    assert "autocommit_block" in found.code


@pytest.mark.parametrize("body", [_ADD, f"with op.get_context().autocommit_block():\n    {_ADD}\n{_USE}"])
def test_quiet_when_it_is_not_used_before_the_commit(rules: Rules, body: str) -> None:
    assert rules.objects(CHECK, body, _ENUM) == []
