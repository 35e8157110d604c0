"""The rule `downgrade-loses-data`."""

from __future__ import annotations

import pytest

from tests.checks.migrations.conftest import FRESH, SCHEMA, Rules

CHECK = "downgrade-loses-data"

_UP = 'op.add_column("note", sa.Column("a", sa.Text()))'


@pytest.mark.parametrize(
    ("down", "said"),
    [
        ('op.drop_column("note", "title")', "drops title of note"),
        ('op.drop_table("owner")', "drops the table owner"),
        ('op.execute("TRUNCATE note")', "empties note"),
        (
            'op.execute("ALTER TABLE note ALTER title TYPE varchar(9) USING left(title, 9)")',
            "cuts the values of title",
        ),
    ],
)
def test_fires_for_what_was_there_before(rules: Rules, down: str, said: str) -> None:
    (found,) = rules.linter.found(CHECK, _UP, down, schema=SCHEMA)
    assert said in found.message


def test_quiet_for_what_the_upgrade_made(rules: Rules) -> None:
    up = f'{FRESH}{_UP}\nop.rename_table("small", "tiny")'
    down = 'op.rename_table("tiny", "small")\nop.drop_column("note", "a")\nop.drop_table("fresh")'
    assert rules.linter.found(CHECK, up, down, schema=SCHEMA) == []
