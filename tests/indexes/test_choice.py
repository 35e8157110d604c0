from __future__ import annotations

from itertools import permutations

from pgwright.indexes.choice import keeping_order, must_stay
from pgwright.model.index import Index
from tests.support.builders import make_index

# The one to keep first.
INDEXES = (
    make_index("z1", "t", "a", is_primary=True, is_unique=True, is_deferrable=True, constraint="z1"),
    make_index("z2", "t", "a", is_unique=True, nulls_not_distinct=True),
    make_index("z3", "t", "a", is_unique=True, constraint="z3"),
    make_index("z4", "t", "a", is_unique=True, is_replica_identity=True),
    make_index("y", "t", "a", is_unique=True),
    make_index("x", "t", "a", is_unique=True, is_deferrable=True, constraint="x", scans=99),
    make_index("w1", "t", "a", is_clustered=True),
    make_index("w", "t", "a", parent="p"),
    make_index("v", "t", "a", scans=9, size_bytes=10**6),
    make_index("u", "t", "a", scans=5),
    make_index("a", "t", "a", scans=5, size_bytes=10**6),
    make_index("b", "t", "a", scans=5, size_bytes=10**6),
    make_index("invalid", "t", "a", is_valid=False, scans=99),
)


def _order(index: Index) -> tuple[bool | int | str, ...]:
    return keeping_order(index, scans=index.scans, size_bytes=index.size_bytes)


def test_the_one_to_keep_comes_first_in_whatever_order_they_are_read() -> None:
    assert tuple(sorted(INDEXES, key=_order)) == INDEXES
    for three in permutations(INDEXES, 3):
        assert sorted(three, key=_order) == [one for one in INDEXES if one in three]


def test_some_stay_whatever_another_does() -> None:
    assert [one.name.name for one in INDEXES if must_stay(one)] == ["z1", "z4", "w1", "w"]
    assert must_stay(make_index("ex", "t", "a", method="gist", is_exclusion=True, constraint="ex"))
