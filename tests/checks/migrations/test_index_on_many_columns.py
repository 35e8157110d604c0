"""The rule `index-on-many-columns`."""

from __future__ import annotations

import pytest

from tests.checks.migrations.conftest import Rules

CHECK = "index-on-many-columns"


@pytest.mark.parametrize(("count", "unique", "is_found"), [(4, False, True), (3, False, False), (4, True, False)])
def test_fires_from_the_fourth_key_on(rules: Rules, count: int, unique: bool, is_found: bool) -> None:
    columns = ["title", "owner_id", "state", "id"][:count]
    body = f'op.create_index("ix", "note", {columns!r}, unique={unique})'
    assert bool(rules.objects(CHECK, body)) == is_found
