"""The rule `many-tables-locked`."""

from __future__ import annotations

import pytest

from tests.checks.migrations.conftest import SCHEMA, Rules

CHECK = "many-tables-locked"


def _added(*tables: str) -> str:
    return "\n".join(f'op.add_column("{one}", sa.Column("x", sa.Text()))' for one in tables)


_MORE = f"{SCHEMA}; CREATE TABLE tag (id int)"


def test_fires_from_the_third_table_on(rules: Rules) -> None:
    assert rules.objects(CHECK, _added("note", "owner", "tag"), _MORE) == ["note, owner, tag"]


@pytest.mark.parametrize("tables", [("note", "owner"), ("note", "owner", "small")])
def test_quiet_for_fewer_and_small_ones(rules: Rules, tables: tuple[str, ...]) -> None:
    assert rules.objects(CHECK, _added(*tables), _MORE) == []
