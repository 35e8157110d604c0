"""The rule `backfill-in-revision`."""

from __future__ import annotations

import pytest

from tests.checks.migrations.conftest import Rules

CHECK = "backfill-in-revision"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE note SET state = lower(title)",
        "DELETE FROM note WHERE state = 'gone'",
        "INSERT INTO small (id, title) SELECT id, title FROM note",
        "DO $$ BEGIN UPDATE note SET state = 'x'; END $$",
    ],
)
def test_fires_when_a_large_table_is_worked_through(rules: Rules, statement: str) -> None:
    assert rules.objects(CHECK, f'op.execute("{statement}")') == ["note"]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE note SET state = 'x' WHERE id = 7",
        "UPDATE small SET state = 'x'",
        "INSERT INTO note (id) VALUES (1)",
        "SELECT count(*) FROM note",
    ],
)
def test_quiet_when_few_rows_are_touched(rules: Rules, statement: str) -> None:
    assert rules.objects(CHECK, f'op.execute("{statement}")') == []


def test_worse_when_the_table_is_locked(rules: Rules) -> None:
    body = """
op.add_column("note", sa.Column("low", sa.Text()))
op.execute("UPDATE note SET low = lower(title)")
"""
    (found,) = rules.found(CHECK, body)
    assert found.severity == "high"
    assert "nobody can use note meanwhile" in found.message
    assert 'where="low IS DISTINCT FROM lower(title)"' in found.code


def test_no_code_where_the_rows_do_not_tell_which_are_done(rules: Rules) -> None:
    (found,) = rules.found(CHECK, 'op.execute("UPDATE note SET owner_id = owner_id + 1")')
    assert found.code == ""
