"""The rule `second-run-fails`."""

from __future__ import annotations

from tests.checks.migrations.conftest import Rules

CHECK = "second-run-fails"


def _block(*code: str) -> str:
    return "\n".join(["with op.get_context().autocommit_block():", *(f"    {one}" for one in code)])


BUILT = 'op.create_index("ix", "note", ["title"], postgresql_concurrently=True)'
DROPPED = 'op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix")'


def test_fires_for_a_build_that_meets_its_leftover(rules: Rules) -> None:
    (found,) = rules.found(CHECK, _block(BUILT))
    assert (found.object, found.severity) == ("ix in r1", "low")
    assert "if_exists=True" in found.code


def test_quiet_where_the_leftover_goes_first(rules: Rules) -> None:
    assert rules.objects(CHECK, _block(DROPPED, BUILT)) == []


def test_quiet_inside_a_transaction(rules: Rules) -> None:
    assert rules.objects(CHECK, 'op.add_column("note", sa.Column("a", sa.Text()))') == []


def test_one_word_per_revision(rules: Rules) -> None:
    assert rules.objects(CHECK, _block(BUILT, 'op.drop_column("note", "state")')) == ["ix"]
