"""The rule `revision-reaches-out`."""

from __future__ import annotations

from tests.checks.migrations.conftest import Rules

CHECK = "revision-reaches-out"


def test_fires_for_a_host(rules: Rules) -> None:
    body = """
from urllib.request import urlopen
try:
    urlopen("http://rates.example.com", timeout=1)
except OSError:
    pass
op.add_column("note", sa.Column("a", sa.Text()))
"""
    (found,) = rules.found(CHECK, body)
    assert "rates.example.com" in found.message


def test_quiet_for_a_literal(rules: Rules) -> None:
    assert rules.objects(CHECK, 'op.execute("UPDATE note SET title = title WHERE id = 1")') == []
