"""The rule `identifier-too-long`."""

from __future__ import annotations

from tests.checks.migrations.conftest import Rules

CHECK = "identifier-too-long"


def test_fires_for_64_bytes(rules: Rules) -> None:
    (found,) = rules.found(CHECK, f'op.execute("ALTER TABLE note ADD COLUMN {"a" * 64} int")')
    assert found.object == f"{'a' * 63} in r1"


def test_counts_bytes_and_not_characters(rules: Rules) -> None:
    assert len(rules.found(CHECK, f"op.execute('ALTER TABLE note ADD COLUMN \"{'é' * 32}\" int')")) == 1


def test_quiet_for_63_and_for_long_texts(rules: Rules) -> None:
    body = f"""
op.execute("ALTER TABLE note ADD COLUMN {"a" * 63} int")
op.execute("COMMENT ON TABLE note IS '{"a" * 99}'")
"""
    assert rules.objects(CHECK, body) == []
