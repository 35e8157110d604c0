"""The rule `table-rewritten`."""

from __future__ import annotations

import pytest

from tests.checks.migrations.conftest import SCHEMA, Rules

CHECK = "table-rewritten"


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER COLUMN owner_id TYPE bigint",
        "ADD COLUMN token uuid DEFAULT gen_random_uuid()",
        "ADD COLUMN n bigserial",
        "ADD COLUMN n bigint GENERATED ALWAYS AS IDENTITY",
        "ADD COLUMN n int GENERATED ALWAYS AS (id * 2) STORED",
        "SET UNLOGGED",
    ],
)
def test_fires_once_on_a_large_table_alone(rules: Rules, statement: str) -> None:
    body = f'op.execute("ALTER TABLE note {statement}")\nop.execute("ALTER TABLE small {statement}")'
    (found,) = rules.found(CHECK, body)
    assert found.object.startswith("note")
    assert "anew, with all its indexes" in found.message


@pytest.mark.parametrize(
    "statement",
    [
        "ADD COLUMN n int DEFAULT 1",
        "ADD COLUMN at timestamptz DEFAULT now()",
        "ADD COLUMN body text",
        "ALTER COLUMN title TYPE varchar",
        "ALTER COLUMN code TYPE varchar(40)",
    ],
)
def test_quiet_when_no_row_is_written(rules: Rules, statement: str) -> None:
    schema = f"{SCHEMA}; ALTER TABLE note ADD code varchar(20)"
    assert rules.objects(CHECK, f'op.execute("ALTER TABLE note {statement}")', schema) == []


def test_only_the_part_that_rewrites_is_named(rules: Rules) -> None:
    body = 'op.execute("ALTER TABLE note ADD COLUMN body text, ALTER COLUMN owner_id TYPE bigint")'
    assert rules.objects(CHECK, body) == ["note (owner_id)"]


def test_truncate_and_refresh_write_no_row_of_a_table(rules: Rules) -> None:
    schema = f"{SCHEMA}; CREATE MATERIALIZED VIEW v AS SELECT 1 AS n"
    assert rules.objects(CHECK, 'op.execute("TRUNCATE note")\nop.execute("REFRESH MATERIALIZED VIEW v")', schema) == []
