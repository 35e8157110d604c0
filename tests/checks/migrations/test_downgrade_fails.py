"""The rule `downgrade-fails`."""

from __future__ import annotations

from tests.checks.migrations.conftest import SCHEMA, Rules

CHECK = "downgrade-fails"

_UP = 'op.add_column("note", sa.Column("a", sa.Text()))'


def test_fires_with_the_words_of_the_server(rules: Rules) -> None:
    (found,) = rules.linter.found(CHECK, _UP, 'op.drop_column("note", "b")', schema=SCHEMA)
    assert 'column "b" of relation "note" does not exist' in found.message
    assert found.place is not None
    assert found.place.function == "downgrade"


def test_quiet_where_it_works_or_raises_on_purpose(rules: Rules) -> None:
    assert rules.linter.found(CHECK, _UP, 'op.drop_column("note", "a")', schema=SCHEMA) == []


def test_quiet_where_it_raises_on_purpose(rules: Rules) -> None:
    assert rules.linter.found(CHECK, _UP, "raise NotImplementedError", schema=SCHEMA) == []
