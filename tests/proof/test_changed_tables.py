"""Which tables pay for a fix on writes: those whose indexes or types differ, the largest first."""

from __future__ import annotations

from pgwright.proof.prove import changed_tables
from tests.support.builders import make_index, make_snapshot, make_table

SMALL, LARGE = make_table("small", "id bigint, a text", rows=10), make_table("large", "id bigint, a text", rows=10_000)
SAME = make_table("same", "id bigint", rows=50_000)


def names(*tables: object) -> list[str]:
    return [str(table) for table in tables]


def test_nothing_changed() -> None:
    snapshot = make_snapshot(SMALL, LARGE, make_index("ix", "small", "a"))
    assert changed_tables(snapshot, snapshot) == ()


def test_a_new_index_or_another_type_changes_a_table() -> None:
    before = make_snapshot(SMALL, LARGE, SAME, make_index("ix_same", "same", "id"))
    after = make_snapshot(
        make_table("small", "id bigint, a uuid", rows=10),
        LARGE,
        SAME,
        make_index("ix_same", "same", "id"),
        make_index("ix_large", "large", "a"),
    )
    assert names(*changed_tables(before, after)) == ["public.large", "public.small"]
    assert names(*changed_tables(after, before)) == ["public.large", "public.small"]


def test_a_table_that_is_gone_is_passed_over() -> None:
    assert changed_tables(make_snapshot(SMALL, LARGE), make_snapshot(LARGE)) == ()
