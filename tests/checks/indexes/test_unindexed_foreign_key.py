from __future__ import annotations

from dataclasses import replace

import pytest

from pgwright.model.change import CreateIndex
from pgwright.model.finding import Finding
from pgwright.model.index import Index, IndexKey
from pgwright.model.snapshot import Snapshot
from tests.support.builders import (
    evidence,
    make_foreign_key,
    make_index,
    make_server,
    make_snapshot,
    make_statement,
    make_table,
    run,
)

CHECK = "unindexed-foreign-key"
PARENT = make_table("conversation", primary_key=("id",))
CHILD = make_table("message", "id bigint, conversation_id bigint, at timestamptz", rows=5_000, primary_key=("id",))
KEY = make_foreign_key("message", "conversation_id", "conversation", on_delete="cascade")


def _with(*indexes: Index) -> Snapshot:
    return make_snapshot(PARENT, CHILD, KEY, *indexes)


def test_fires_without_an_index() -> None:
    (finding,) = run(CHECK, _with())
    (change,) = finding.changes
    assert isinstance(change, CreateIndex)
    assert change.definition.sql() == "CREATE INDEX ix_message_conversation_id ON public.message (conversation_id)"
    assert (finding.object, finding.severity) == ("message (conversation_id)", "low")


def test_quiet_when_an_index_starts_with_the_key() -> None:
    assert run(CHECK, _with(make_index("ix", "message", "conversation_id, at DESC"))) == []


def test_quiet_for_a_key_by_which_the_server_looks_for_nothing() -> None:
    key = replace(KEY, definition=f"{KEY.definition} NOT ENFORCED", is_validated=False)
    assert run(CHECK, make_snapshot(PARENT, CHILD, key)) == []


def test_quiet_with_a_hash_index() -> None:
    assert run(CHECK, _with(make_index("ix", "message", "conversation_id", method="hash"))) == []


def test_fires_when_the_key_comes_later_in_the_index() -> None:
    assert run(CHECK, _with(make_index("ix", "message", "at, conversation_id")))


def test_fires_when_the_index_is_invalid_partial_or_of_another_method() -> None:
    assert run(CHECK, _with(make_index("ix", "message", "conversation_id", is_valid=False)))
    assert run(CHECK, _with(make_index("ix", "message", "conversation_id", predicate="(deleted_at IS NULL)")))
    assert run(CHECK, _with(make_index("ix", "message", "conversation_id", method="brin")))


def test_fires_when_the_index_begins_with_an_expression() -> None:
    keys = [IndexKey(None, "abs(conversation_id)"), IndexKey("conversation_id")]
    assert run(CHECK, _with(make_index("ix", "message", keys)))


def test_a_partial_index_that_leaves_out_nulls_only_serves() -> None:
    assert (
        run(CHECK, _with(make_index("ix", "message", "conversation_id", predicate="(conversation_id IS NOT NULL)")))
        == []
    )


@pytest.mark.parametrize("keys", ["a, b", "b, a", "b, a, at"])
def test_the_columns_may_stand_in_any_order(keys: str) -> None:
    child = make_table("line", "a bigint, b bigint, at date", rows=5_000)
    key = make_foreign_key("line", "a, b", "invoice", "x, y")
    parent = make_table("invoice", "x bigint, y bigint")
    assert run(CHECK, make_snapshot(parent, child, key, make_index("ix", "line", keys))) == []
    assert run(CHECK, make_snapshot(parent, child, key, make_index("ix", "line", "a, at, b")))


def test_small_tables_are_information_and_large_ones_are_medium_before_anybody_deletes() -> None:
    small = make_table("message", "conversation_id bigint", rows=10)
    large = make_table("message", "conversation_id bigint", rows=1_000_000)
    assert run(CHECK, make_snapshot(PARENT, small, KEY))[0].severity == "info"
    assert run(CHECK, make_snapshot(PARENT, large, KEY))[0].severity == "medium"


def test_deletes_make_it_as_bad_as_the_time_that_they_take() -> None:
    child = make_table("message", "conversation_id bigint", rows=1_000_000)

    def found(deleted: int) -> Finding:
        parent = replace(PARENT, rows_deleted=deleted)
        (finding,) = run(
            CHECK, make_snapshot(parent, child, KEY, server=make_server(statistics_reset_at="2026-10-31 12:00:00+00"))
        )
        return finding

    often, seldom = found(100_000), found(2)
    assert often.worth is not None
    assert often.worth.saved_ms == pytest.approx(100_000 * child.heap_bytes / 1e6)
    assert (often.severity, seldom.severity) == ("high", "low")
    assert evidence(often)["time of these deletes"].endswith("a day")


def test_a_workload_that_was_just_reset_tells_no_share() -> None:
    parent = replace(PARENT, rows_deleted=50)
    child = make_table("message", "conversation_id bigint", rows=10_000_000)
    few = make_statement("SELECT * FROM message LIMIT 5", total_ms=0.1)
    server = make_server(statistics_reset_at="2026-10-01 12:00:00+00")
    (finding,) = run(CHECK, make_snapshot(parent, child, KEY, few, server=server))
    assert finding.worth is not None
    assert finding.worth.saved_a_call_ms > 100
    assert (finding.worth.share_of_workload, finding.severity) == (0.0, "low")


@pytest.mark.parametrize("deleted_from", ["conversation", "account"])
def test_all_keys_together_save_no_more_than_the_deletes_took(deleted_from: str) -> None:
    """Rows of a conversation go with those of its account."""
    account = make_table("account", primary_key=("id",))
    parent = replace(PARENT, columns=make_table("x", "id bigint, account_id bigint").columns, rows_deleted=100)
    child = make_table("message", "conversation_id bigint, first_id bigint", rows=1_000_000)
    keys = (KEY, make_foreign_key("message", "first_id", "conversation"))
    up = make_foreign_key("conversation", "account_id", "account", on_delete="cascade")
    delete = make_statement(f"DELETE FROM {deleted_from} WHERE id = $1", calls=100, total_ms=900.0)
    other = make_statement("SELECT * FROM message WHERE conversation_id = $1", total_ms=99_100.0)
    known = make_index("ix", "conversation", "account_id")
    found = run(CHECK, make_snapshot(account, parent, child, *keys, up, known, delete, other))
    worths = [one.worth for one in found if one.worth is not None]
    assert [round(one.saved_ms) for one in worths] == [450, 450]
    assert [round(one.saved_a_call_ms, 1) for one in worths] == [4.5, 4.5]


def test_partitioned_tables_are_reported_once_with_their_rows() -> None:
    parent = make_table("message", "conversation_id bigint", kind="partitioned table")
    leaves = [make_table(f"message_{n}", "conversation_id bigint", rows=900, parent="message") for n in (1, 2)]
    inherited = [make_foreign_key(leaf.name, "conversation_id", "conversation", is_inherited=True) for leaf in leaves]
    (finding,) = run(CHECK, make_snapshot(PARENT, parent, *leaves, KEY, *inherited))
    (change,) = finding.changes
    assert isinstance(change, CreateIndex)
    assert change.is_partitioned
    assert finding.evidence[0].value == "1,800"


def test_indexes_on_every_partition_serve_the_parent() -> None:
    parent = make_table("message", "conversation_id bigint", kind="partitioned table")
    leaves = [make_table(f"message_{n}", "conversation_id bigint", rows=900, parent="message") for n in (1, 2)]
    one, two = (make_index(f"ix_{leaf.name.name}", leaf.name, "conversation_id") for leaf in leaves)
    assert run(CHECK, make_snapshot(PARENT, parent, *leaves, KEY, one, two)) == []
    assert run(CHECK, make_snapshot(PARENT, parent, *leaves, KEY, one))


def test_a_partition_may_have_a_key_of_its_own() -> None:
    parent = make_table("message", "conversation_id bigint", kind="partitioned table")
    leaf = make_table("message_1", "conversation_id bigint", rows=5_000, parent="message")
    key = make_foreign_key("message_1", "conversation_id", "conversation")
    (finding,) = run(CHECK, make_snapshot(PARENT, parent, leaf, key))
    assert finding.object == "message_1 (conversation_id)"


def test_two_keys_on_the_same_columns_are_one_finding() -> None:
    assert (
        len(
            run(
                CHECK,
                make_snapshot(
                    PARENT, CHILD, KEY, make_foreign_key("message", "conversation_id", "conversation", name="again")
                ),
            )
        )
        == 1
    )


def test_a_new_index_takes_no_name_that_is_in_use() -> None:
    taken = make_index("ix_message_conversation_id", "message", "at")
    (finding,) = run(CHECK, _with(taken))
    (change,) = finding.changes
    assert isinstance(change, CreateIndex)
    assert change.definition.name == "ix_message_conversation_id_2"


def test_a_long_name_keeps_its_number() -> None:
    column = "c" * 63
    child = make_table("message", f"{column} bigint", rows=5_000)
    taken = make_index(f"ix_message_{'c' * 52}", "message", "at")
    (finding,) = run(CHECK, make_snapshot(PARENT, child, make_foreign_key("message", column, "conversation"), taken))
    (change,) = finding.changes
    assert isinstance(change, CreateIndex)
    assert change.definition.name == f"ix_message_{'c' * 50}_2"


def test_names_are_quoted_where_they_need_it() -> None:
    child = make_table("App.Message", '"userId" bigint', rows=5_000)
    key = make_foreign_key("App.Message", "userId", "conversation")
    (finding,) = run(CHECK, make_snapshot(PARENT, child, key))
    assert finding.object == '"App"."Message" ("userId")'


@pytest.mark.parametrize("method", ["gin", "gist"])
def test_gin_and_gist_serve_a_key_of_the_type_of_the_parent_only(method: str) -> None:
    index = make_index("ix", "message", "conversation_id", method=method)
    assert run(CHECK, make_snapshot(make_table("conversation", "id bigint"), CHILD, KEY, index)) == []
    assert run(CHECK, make_snapshot(make_table("conversation", "id integer"), CHILD, KEY, index))


def test_the_exclusion_of_what_overlaps_serves_a_key_on_its_first_column() -> None:
    child = make_table("booking", "room_id integer, during daterange", rows=5_000)
    index = make_index("ex", "booking", "room_id, during", method="gist", is_exclusion=True, constraint="ex")
    key = make_foreign_key("booking", "room_id", "room")
    room = make_table("room", "id integer, valid daterange")
    assert run(CHECK, make_snapshot(room, child, key, index)) == []
    assert run(CHECK, make_snapshot(room, child, key, replace(index, is_valid=False)))


def test_of_a_temporal_key_the_columns_that_have_to_be_equal_are_indexed() -> None:
    room = make_table("room", "id integer, valid daterange", primary_key=("id", "valid"))
    child = make_table("booking", "room_id integer, during daterange", rows=5_000)
    definition = "FOREIGN KEY (room_id, PERIOD during) REFERENCES room(id, PERIOD valid)"
    key = make_foreign_key("booking", "room_id, during", "room", "id, valid", definition=definition)
    (finding,) = run(CHECK, make_snapshot(room, child, key))
    (change,) = finding.changes
    assert isinstance(change, CreateIndex)
    assert change.definition.sql() == "CREATE INDEX ix_booking_room_id ON public.booking (room_id)"
    for method, columns in (("btree", "room_id"), ("gist", "room_id, during")):
        index = make_index("ix", "booking", columns, method=method)
        assert run(CHECK, make_snapshot(room, child, key, index)) == []


def test_a_collation_that_takes_different_texts_for_equal_is_asked_for() -> None:
    parent = make_table("country", "id text", primary_key=("id",))
    nondeterministic = replace(parent.columns[0], collation='"any_case"', is_deterministic=False)
    parent = replace(parent, columns=(nondeterministic,))
    child = make_table("city", "country_id text", rows=5_000)
    key = make_foreign_key("city", "country_id", "country")
    own = make_index("ix", "city", "country_id")
    (finding,) = run(CHECK, make_snapshot(parent, child, key, own))
    (change,) = finding.changes
    assert isinstance(change, CreateIndex)
    assert change.definition.outline == '(country_id COLLATE "any_case")'
    served = make_index("ix", "city", [IndexKey("country_id", collation='"any_case"')])
    assert run(CHECK, make_snapshot(parent, child, key, served)) == []
