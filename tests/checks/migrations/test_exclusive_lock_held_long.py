"""The rule `exclusive-lock-held-long`."""

from __future__ import annotations

import pytest

from tests.checks.migrations.conftest import Rules

CHECK = "exclusive-lock-held-long"

_CONCURRENT = 'op.create_index("ix", "note", ["title"], postgresql_concurrently=True)'
_ALTER = 'op.add_column("owner", sa.Column("state", sa.Text()))'


def test_fires_when_long_work_follows_a_lock(rules: Rules) -> None:
    (found,) = rules.found(CHECK, f'{_ALTER}\nop.create_index("ix", "note", ["title"])')
    assert found.object == "owner in r1"
    assert "ACCESS EXCLUSIVE on owner: reads and writes of it wait" in found.message


def test_fires_when_the_same_table_would_need_a_weaker_lock(rules: Rules) -> None:
    body = 'op.add_column("note", sa.Column("n", sa.Text()))\nop.create_index("ix", "note", ["n"])'
    assert rules.objects(CHECK, body) == ["note"]


@pytest.mark.parametrize(
    "body",
    [
        f'op.create_index("ix", "note", ["title"])\n{_ALTER}',
        f'{_ALTER}\nop.create_index("ix", "small", ["title"])',
        f"{_ALTER}\nwith op.get_context().autocommit_block():\n    {_CONCURRENT}",
    ],
)
def test_quiet_when_no_long_work_follows(rules: Rules, body: str) -> None:
    assert rules.objects(CHECK, body) == []


def test_quiet_when_the_locked_table_is_empty(rules: Rules) -> None:
    body = f'{_ALTER}\nop.create_index("ix", "note", ["title"])'
    assert rules.objects(CHECK, body, sizes={"owner": 0}) == []
