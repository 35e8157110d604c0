from __future__ import annotations

import pytest

from pgwright.model.change import DropIndex
from pgwright.model.finding import Finding
from pgwright.model.index import Index
from tests.support.builders import make_index, make_snapshot, make_table, run

CHECK = "redundant-index"
TABLE = make_table("message", "id bigint, a bigint, b bigint, c bigint")
LONG = make_index("long", "message", "a, b")


def _run(*indexes: Index) -> list[Finding]:
    return run(CHECK, make_snapshot(TABLE, *indexes))


def test_fires_for_a_prefix_of_a_longer_index() -> None:
    (finding,) = _run(make_index("short", "message", "a"), LONG)
    (change,) = finding.changes
    assert isinstance(change, DropIndex)
    assert (finding.object, change.name.name) == ("short", "short")


@pytest.mark.parametrize(("short", "long"), [("a DESC", "a, b"), ("a DESC, b", "a, b DESC, c")])
def test_a_btree_is_read_both_ways(short: str, long: str) -> None:
    assert _run(make_index("short", "message", short), make_index("long", "message", long))


@pytest.mark.parametrize(("short", "long"), [("b", "a, b"), ("a, b DESC", "a, b, c"), ("b, a", "a, b, c")])
def test_quiet_when_the_order_differs(short: str, long: str) -> None:
    assert _run(make_index("short", "message", short), make_index("long", "message", long)) == []


def test_quiet_for_equal_indexes_which_are_duplicates() -> None:
    assert _run(make_index("twin", "message", "a, b"), LONG) == []


def test_an_index_with_more_included_columns_takes_over() -> None:
    wide = make_index("wide", "message", "a", include=("b",))
    assert [finding.object for finding in _run(make_index("short", "message", "a"), wide)] == ["short"]
    assert _run(make_index("other", "message", "a", include=("c",)), wide) == []


def test_a_unique_index_takes_over_but_never_goes() -> None:
    unique = make_index("unique", "message", "a, b", is_unique=True)
    assert [finding.object for finding in _run(make_index("short", "message", "a"), unique)] == ["short"]
    assert _run(make_index("short", "message", "a", is_unique=True), LONG) == []
    assert _run(make_index("short", "message", "a", is_replica_identity=True), LONG) == []


def test_quiet_when_the_predicates_differ_or_the_longer_one_is_invalid() -> None:
    short = make_index("short", "message", "a")
    assert _run(short, make_index("long", "message", "a, b", predicate="(c > 0)")) == []
    assert _run(short, make_index("long", "message", "a, b", is_valid=False)) == []
    assert _run(make_index("short", "message", "a", predicate="(c > 0)"), LONG) == []


def test_other_methods_are_judged_by_what_they_can_be_searched_for() -> None:
    def fires(short: Index, long: Index) -> bool:
        return [finding.object for finding in _run(short, long)] == ["short"]

    assert fires(make_index("short", "message", "b", method="gin"), make_index("long", "message", "a, b", method="gin"))
    assert fires(
        make_index("short", "message", "a", method="gist"), make_index("long", "message", "a, b", method="gist")
    )
    assert fires(make_index("short", "message", "a", method="hash"), LONG)
    for short in ("b", "a"):
        assert _run(make_index("short", "message", short, method="brin"), LONG) == []
    assert (
        _run(make_index("short", "message", "b", method="gist"), make_index("long", "message", "a, b", method="gist"))
        == []
    )
    assert _run(make_index("short", "message", "b", method="hash"), LONG) == []


def test_a_much_larger_substitute_is_only_possible() -> None:
    (finding,) = _run(make_index("short", "message", "a"), make_index("long", "message", "a, b", size_bytes=10**6))
    assert finding.confidence == "possible"


def test_the_index_of_a_partition_goes_with_its_parent() -> None:
    parent = make_table("event", kind="partitioned table")
    leaf = make_table("event_1", parent="event")
    indexes = [
        make_index("short", "event", "id"),
        make_index("short_1", "event_1", "id", parent="short"),
        make_index("long", "event", "id, a"),
        make_index("long_1", "event_1", "id, a", parent="long"),
    ]
    assert [finding.object for finding in run(CHECK, make_snapshot(parent, leaf, *indexes))] == ["short"]
