"""The rule `data-step-unexamined`."""

from __future__ import annotations

from tests.checks.migrations.conftest import Rules

CHECK = "data-step-unexamined"

_LOOP = """
connection = op.get_bind()
rows = connection.execute(sa.text("SELECT id, title FROM {table}")).fetchall()
for row in rows:
    connection.execute(sa.text("UPDATE {table} SET title = :t WHERE id = :id"), {{"id": row.id, "t": row.title}})
"""


def test_fires_for_a_loop_over_a_large_table(rules: Rules) -> None:
    (found,) = rules.found(CHECK, _LOOP.format(table="note"))
    assert (found.object, found.severity) == ("a loop over note in r1", "high")
    assert "5,000,000 rows" in found.message


def test_quiet_for_a_small_one(rules: Rules) -> None:
    assert rules.objects(CHECK, _LOOP.format(table="small")) == []


def test_quiet_for_a_loop_over_literals(rules: Rules) -> None:
    body = """
for number in (1, 2):
    op.execute(sa.text("UPDATE note SET title = '' WHERE id = :id").bindparams(id=number))
"""
    assert rules.objects(CHECK, body) == []
