"""The rule `vacuum-full-or-cluster`."""

from __future__ import annotations

import pytest

from tests.checks.migrations.conftest import Rules

CHECK = "vacuum-full-or-cluster"

_BODY = """
with op.get_context().autocommit_block():
    op.execute("{statement}")
"""


@pytest.mark.parametrize(
    "statement", ["VACUUM FULL note", "VACUUM (FULL, ANALYZE) note", "CLUSTER note USING note_pkey"]
)
def test_fires_when_a_large_table_is_written_anew(rules: Rules, statement: str) -> None:
    assert rules.objects(CHECK, _BODY.format(statement=statement)) == ["note"]


@pytest.mark.parametrize(
    "statement", ["VACUUM note", "VACUUM FULL small", "ALTER TABLE note CLUSTER ON note_pkey", "VACUUM (ANALYZE) note"]
)
def test_quiet_when_nothing_large_is_written(rules: Rules, statement: str) -> None:
    assert rules.objects(CHECK, _BODY.format(statement=statement)) == []
