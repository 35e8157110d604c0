"""The rule `downgrade-leaves-trace`."""

from __future__ import annotations

from tests.checks.migrations.conftest import SCHEMA, Rules

CHECK = "downgrade-leaves-trace"

_UP = 'op.create_table("job", sa.Column("state", sa.Enum("a", "b", name="job_state")))'


def test_fires_for_a_type_that_stays(rules: Rules) -> None:
    (found,) = rules.linter.found(CHECK, _UP, 'op.drop_table("job")', schema=SCHEMA)
    assert "job_state" in found.message
    assert found.severity == "low"


def test_quiet_where_it_goes(rules: Rules) -> None:
    down = 'op.drop_table("job")\nop.execute("DROP TYPE job_state")'
    assert rules.linter.found(CHECK, _UP, down, schema=SCHEMA) == []


def test_quiet_where_the_downgrade_is_missing(rules: Rules) -> None:
    assert rules.linter.found(CHECK, _UP, "pass", schema=SCHEMA) == []
