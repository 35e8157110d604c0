"""The rule `leftover-invalid-index`."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pgwright.model.migration import Direction
from pgwright.sqltext.actions import read_actions
from tests.checks.migrations.conftest import SCHEMA, Rules, of

CHECK = "leftover-invalid-index"

_LEFT = f"""{SCHEMA}; CREATE INDEX ix ON note (title);
    UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ix'::regclass"""


@pytest.mark.parametrize("words", ["", ", if_not_exists=True"])
def test_fires_when_the_name_is_taken_by_an_invalid_index(rules: Rules, words: str) -> None:
    pending = rules.pending('op.execute("ANALYZE note")', _LEFT)
    (statement,) = pending.revisions[0].upgrade.statements
    text = f"CREATE INDEX CONCURRENTLY {'IF NOT EXISTS ' if words else ''}ix ON note (title)"
    made = replace(statement, text=text, actions=read_actions(text), is_autocommit=True)
    revision = replace(pending.revisions[0], upgrade=Direction((made,)))
    (found,) = of(CHECK, replace(pending, revisions=(revision,)))
    assert ("keeps it" in found.message) == bool(words)
    assert "op.drop_index" in found.code


def test_quiet_when_the_revision_drops_it_first(rules: Rules) -> None:
    body = 'op.drop_index("ix")\nop.create_index("ix", "note", ["title"])'
    assert rules.objects(CHECK, body, _LEFT) == []


def test_quiet_when_the_index_is_valid(rules: Rules) -> None:
    body = 'op.create_index("ix", "note", ["title"], if_not_exists=True)'
    assert rules.objects(CHECK, body, f"{SCHEMA}; CREATE INDEX ix ON note (title)") == []
