"""The rule `validated-in-same-transaction`."""

from __future__ import annotations

from tests.checks.migrations.conftest import SCHEMA, Rules

CHECK = "validated-in-same-transaction"

_ADDED = 'op.create_check_constraint("ck", "note", "id > 0", postgresql_not_valid=True)'
_VALIDATED = 'op.execute("ALTER TABLE note VALIDATE CONSTRAINT ck")'


def test_fires_while_the_lock_of_the_first_is_held(rules: Rules) -> None:
    (found,) = rules.found(CHECK, f"{_ADDED}\n{_VALIDATED}")
    assert "ACCESS EXCLUSIVE" in found.message
    assert "reads and writes wait" in found.message


def test_quiet_alone(rules: Rules) -> None:
    assert (
        rules.objects(CHECK, _VALIDATED, f"{SCHEMA}; ALTER TABLE note ADD CONSTRAINT ck CHECK (id > 0) NOT VALID") == []
    )


def test_quiet_in_a_transaction_of_its_own(rules: Rules) -> None:
    assert rules.objects(CHECK, f"{_ADDED}\nwith op.get_context().autocommit_block():\n    {_VALIDATED}") == []
