"""The rule `revision-id-too-long`."""

from __future__ import annotations

from dataclasses import replace

from pgwright.model.migration import PendingMigrations
from tests.checks.migrations.conftest import Rules, of

CHECK = "revision-id-too-long"

LONG = "add_the_note_of_the_customer_to_items"


def _named(pending: PendingMigrations, name: str) -> PendingMigrations:
    return replace(pending, revisions=tuple(replace(one, revision=name) for one in pending.revisions))


def test_fires_from_33_characters_on(rules: Rules) -> None:
    pending = rules.pending('op.execute("ANALYZE note")')
    (found,) = of(CHECK, _named(pending, "a" * 33))
    assert "33 characters" in found.message
    assert of(CHECK, _named(pending, "a" * 32)) == []


def test_quiet_where_the_column_is_wider(rules: Rules) -> None:
    schema = "CREATE TABLE alembic_version (version_num text PRIMARY KEY)"
    pending = rules.pending('op.execute("SELECT 1")', schema)
    assert of(CHECK, _named(pending, LONG)) == []
