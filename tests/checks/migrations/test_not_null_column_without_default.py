"""The rule `not-null-column-without-default`."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.checks.migrations.conftest import Rules, of

CHECK = "not-null-column-without-default"


def _added(table: str, words: str = "") -> str:
    return f'op.add_column("{table}", sa.Column("kind", sa.Integer(), nullable=False{words}))'


def test_fires_on_any_table_with_rows(rules: Rules) -> None:
    found = rules.found(CHECK, f"{_added('note')}\n{_added('small')}")
    assert [one.object for one in found] == ["note (kind) in r1", "small (kind) in r1"]
    assert "5,000,000 rows" in found[0].message


def test_quiet_on_an_empty_table(rules: Rules) -> None:
    assert rules.objects(CHECK, _added("note"), sizes={"note": 0}) == []


@pytest.mark.parametrize("words", [', server_default="1"', ", sa.Identity()", ', sa.Computed("id + 1")'])
def test_quiet_when_rows_get_a_value(rules: Rules, words: str) -> None:
    body = f'op.add_column("note", sa.Column("kind", sa.Integer(){words}, nullable=False))'
    if words.startswith(", server"):
        body = _added("note", words)
    assert rules.objects(CHECK, body) == []


def test_quiet_for_a_serial_column(rules: Rules) -> None:
    assert rules.objects(CHECK, 'op.execute("ALTER TABLE note ADD COLUMN n bigserial NOT NULL")') == []


def test_likely_when_the_rows_are_unknown(rules: Rules) -> None:
    (found,) = of(CHECK, replace(rules.pending(_added("note")), snapshot=None))
    assert found.confidence == "likely"
