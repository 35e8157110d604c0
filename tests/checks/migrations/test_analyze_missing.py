"""The rule `analyze-missing`."""

from __future__ import annotations

import pytest

from tests.checks.migrations.conftest import Rules

CHECK = "analyze-missing"


@pytest.mark.parametrize(
    "body",
    [
        'op.alter_column("note", "owner_id", type_=sa.BigInteger())',
        'op.create_index("ix", "note", [sa.text("lower(title)")])',
        'op.add_column("note", sa.Column("token", sa.Uuid(), server_default=sa.text("gen_random_uuid()")))',
    ],
)
def test_fires_until_the_table_is_analyzed(rules: Rules, body: str) -> None:
    assert len(rules.objects(CHECK, body)) == 1


@pytest.mark.parametrize("analyze", ["ANALYZE note", "ANALYZE"])
def test_quiet_when_it_is_analyzed_after(rules: Rules, analyze: str) -> None:
    change = 'op.create_index("ix", "note", [sa.text("lower(title)")])'
    assert rules.objects(CHECK, f'{change}\nop.execute("{analyze}")') == []


@pytest.mark.parametrize(
    "body",
    [
        'op.create_index("ix", "note", ["title"])',
        'op.add_column("note", sa.Column("n", sa.Integer(), server_default="1"))',
        'op.create_index("ix", "small", [sa.text("lower(title)")])',
    ],
)
def test_quiet_when_the_statistics_still_hold(rules: Rules, body: str) -> None:
    assert rules.objects(CHECK, body) == []
