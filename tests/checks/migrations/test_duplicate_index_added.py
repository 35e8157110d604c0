"""The rule `duplicate-index-added`."""

from __future__ import annotations

import pytest

from tests.checks.migrations.conftest import SCHEMA, Rules

CHECK = "duplicate-index-added"

_KNOWN = f"{SCHEMA}; CREATE INDEX old ON note (title)"


def test_fires_beside_an_index_that_is_there(rules: Rules) -> None:
    (found,) = rules.found(CHECK, 'op.create_index("ix", "note", ["title"])', _KNOWN)
    assert "does on note" in found.message
    assert "what old does" in found.message
    assert found.advice == "Leave ix out; or drop old in the next revision, if this one is to take its place."


def test_fires_beside_one_that_the_revision_makes(rules: Rules) -> None:
    body = 'op.create_unique_constraint("uq", "note", ["title"])\nop.create_index("ix", "note", ["title"])'
    (found,) = rules.found(CHECK, body)
    assert found.object.startswith("note (ix)")
    # Nothing else would keep titles unique.
    assert found.advice == "Leave ix out."


@pytest.mark.parametrize(
    "body",
    [
        'op.drop_index("old")\nop.create_index("ix", "note", ["title"])',
        'op.create_index("ix", "note", ["title", "state"])',
        'op.create_index("ix", "note", ["title"], unique=True)',
        'op.create_index("ix", "note", ["title"], postgresql_where=sa.text("state IS NULL"))',
        'op.create_index("ix", "note", [sa.text(\'title COLLATE "C"\')])',
        'op.create_index("ix", "small", ["title"])',
    ],
)
def test_quiet_when_it_does_something_else(rules: Rules, body: str) -> None:
    assert rules.objects(CHECK, body, _KNOWN) == []
