from __future__ import annotations

import pytest

from pgwright.model.change import DropIndex
from pgwright.model.index import Index, IndexKey
from pgwright.model.snapshot import Snapshot
from tests.support.builders import make_index, make_snapshot, make_table, run

CHECK = "duplicate-index"
USERS = make_table("users", "id bigint, email text", primary_key=("id",))


def _with(*parts: object) -> Snapshot:
    return make_snapshot(USERS, *parts)


def _dropped(*parts: object) -> list[str]:
    changes = [change for finding in run(CHECK, _with(*parts)) for change in finding.changes]
    assert all(isinstance(change, DropIndex) for change in changes)
    return [change.name.name for change in changes if isinstance(change, DropIndex)]


def _index(name: str, **fields: object) -> Index:
    return make_index(name, "users", "email", **fields)


def test_keeps_the_index_that_a_constraint_owns() -> None:
    constraint = _index("users_email_key", is_unique=True, constraint="users_email_key")
    assert _dropped(_index("ix_users_email", scans=1_000), constraint) == ["ix_users_email"]


def test_keeps_the_most_used_of_equals() -> None:
    assert _dropped(_index("a", scans=5), _index("b", scans=9)) == ["a"]


def test_three_of_a_kind_leave_one() -> None:
    assert sorted(_dropped(_index("a", scans=5), _index("b", scans=9), _index("c"))) == ["a", "c"]


def test_quiet_when_anything_that_matters_differs() -> None:
    one = _index("one")
    for other in (
        _index("x", predicate="(id > 0)"),
        _index("x", include=("id",)),
        _index("x", method="hash"),
        make_index("x", "users", "email, id"),
        make_index("x", "users", [IndexKey("email", operator_class="text_pattern_ops")]),
        make_index("x", "users", [IndexKey("email", collation='"C"')]),
        make_index("x", "users", [IndexKey(None, "lower(email)")]),
    ):
        assert run(CHECK, _with(one, other)) == []


def test_a_default_that_is_written_out_is_no_difference() -> None:
    assert _dropped(_index("a"), make_index("b", "users", [IndexKey("email", nulls_first=False)], scans=1)) == ["a"]


def test_the_same_in_wholly_opposite_order_is_read_backwards() -> None:
    assert _dropped(_index("a"), make_index("b", "users", "email DESC")) == ["b"]
    assert _dropped(_index("a"), make_index("b", "users", [IndexKey("email", nulls_first=True)])) == []


def test_predicates_are_compared_by_what_they_say() -> None:
    ours, theirs = "(email = 'x'::text)", "email = 'x'"
    assert _dropped(_index("a", predicate=ours), _index("b", predicate=theirs)) == ["b"]


@pytest.mark.parametrize("scans", [0, 99])
def test_a_deferrable_constraint_and_a_plain_unique_index_do_not_replace_each_other(scans: int) -> None:
    plain = _index("a", is_unique=True, scans=scans)
    deferrable = _index("users_email_key", is_unique=True, is_deferrable=True, constraint="users_email_key")
    assert run(CHECK, _with(plain, deferrable)) == []
    again = _index("users_email_key1", is_unique=True, is_deferrable=True, constraint="users_email_key1")
    assert run(CHECK, _with(deferrable, again)) == []
    assert _dropped(deferrable, _index("ix", scans=99)) == ["ix"]


def test_the_index_that_cluster_uses_stays() -> None:
    assert _dropped(_index("a", is_clustered=True), _index("b", scans=99)) == ["b"]
    assert _dropped(_index("a", is_clustered=True), _index("uq", is_unique=True)) == []


def test_the_index_of_a_partition_alone_goes_before_a_part_of_the_parents() -> None:
    parent, leaf = make_table("event", kind="partitioned table"), make_table("event_1", parent="event")
    indexes = [
        make_index("ix", "event", "id"),
        make_index("ix_1", "event_1", "id", parent="ix"),
        make_index("own", "event_1", "id", scans=99),
    ]
    (finding,) = run(CHECK, make_snapshot(parent, leaf, *indexes))
    assert finding.object == "own"


def test_a_unique_index_is_not_replaced_by_a_plain_one() -> None:
    assert _dropped(_index("unique", is_unique=True), _index("plain", scans=99)) == ["plain"]


def test_two_constraints_are_for_a_person() -> None:
    primary = make_index("users_pkey", "users", "id", is_unique=True, is_primary=True, constraint="users_pkey")
    unique = make_index("users_id_key", "users", "id", is_unique=True, constraint="users_id_key")
    (finding,) = run(CHECK, _with(primary, unique))
    assert (finding.object, finding.changes) == ("users_id_key", ())
    assert finding.sql == "ALTER TABLE public.users DROP CONSTRAINT users_id_key"


def test_a_unique_index_is_for_a_person_because_a_foreign_key_may_rest_on_it() -> None:
    (finding,) = run(CHECK, _with(_index("b", is_unique=True), _index("a", is_unique=True)))
    assert (finding.changes, finding.sql) == ((), "DROP INDEX CONCURRENTLY public.b")


def test_an_invalid_index_is_left_to_its_own_check() -> None:
    assert run(CHECK, _with(_index("a"), _index("b", is_valid=False))) == []


def test_indexes_of_partitions_count_through_their_parent() -> None:
    parent = make_table("event", kind="partitioned table")
    leaf = make_table("event_1", parent="event")
    indexes = [
        make_index(name, table, "id", parent=above, scans=scans)
        for name, table, above, scans in (
            ("a", "event", None, 0), ("a_1", "event_1", "a", 9), ("b", "event", None, 0), ("b_1", "event_1", "b", 1),
        )
    ]  # fmt: skip
    (finding,) = run(CHECK, make_snapshot(parent, leaf, *indexes))
    assert finding.object == "b"
