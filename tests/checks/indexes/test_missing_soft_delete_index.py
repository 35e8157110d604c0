from __future__ import annotations

import pytest

from pgwright.model.change import CreateIndex
from pgwright.model.index import Index, IndexKey
from pgwright.model.policy import Policy
from tests.support.builders import (
    make_index,
    make_snapshot,
    make_statement,
    make_statistics,
    make_table,
    not_examined,
    run,
)

CHECK = "missing-soft-delete-index"
MESSAGE = make_table(
    "message",
    "id bigint NOT NULL, conversation_id bigint, title text, created_at timestamptz, deleted_at timestamptz",
    rows=50_000,
    primary_key=("id",),
)
PRIMARY = make_index("message_pkey", "message", "id", is_unique=True, is_primary=True)
PAGE = make_statement(
    "SELECT * FROM message WHERE conversation_id = $1 AND deleted_at IS NULL ORDER BY created_at DESC LIMIT $2",
    query_id=1,
)
COUNT = make_statement("SELECT count(*) FROM message WHERE conversation_id = $1 AND deleted_at IS NULL", query_id=2)
PARTIAL = make_index("ix", "message", "conversation_id, created_at DESC", predicate="(deleted_at IS NULL)")
FULL = make_index("ix", "message", "conversation_id")


def test_fires_and_creates_one_index_for_both_statements() -> None:
    (finding,) = run(CHECK, make_snapshot(MESSAGE, PRIMARY, PAGE, COUNT))
    (change,) = finding.changes
    assert isinstance(change, CreateIndex)
    assert change.definition.sql().endswith("(conversation_id, created_at DESC) WHERE deleted_at IS NULL")
    assert (finding.object, sorted(finding.queries)) == ("message (conversation_id)", [1, 2])


def test_quiet_with_a_partial_index() -> None:
    assert run(CHECK, make_snapshot(MESSAGE, PRIMARY, PARTIAL, PAGE)) == []


def test_an_ordinary_index_is_good_enough_while_few_rows_are_deleted() -> None:
    few = make_statistics("message", "deleted_at", null_fraction=0.99)
    many = make_statistics("message", "deleted_at", null_fraction=0.4)
    assert run(CHECK, make_snapshot(MESSAGE, FULL, PAGE, few)) == []
    assert run(CHECK, make_snapshot(MESSAGE, FULL, PAGE, many))


def test_an_index_for_a_value_is_good_enough_while_few_rows_are_deleted() -> None:
    queue = make_statement(
        "SELECT * FROM message WHERE title = $1 AND deleted_at IS NULL ORDER BY created_at LIMIT $2", query_id=3
    )
    titles = make_statistics("message", "title", average_width=8)
    few = make_statistics("message", "deleted_at", null_fraction=0.99)
    many = make_statistics("message", "deleted_at", null_fraction=0.4)
    of_a_value = make_index("ix", "message", "created_at", predicate="(title = 'new'::text)")
    of_others = make_index("ix", "message", "created_at", predicate="(conversation_id = 1)")
    assert run(CHECK, make_snapshot(MESSAGE, PRIMARY, of_a_value, queue, titles, few)) == []
    assert run(CHECK, make_snapshot(MESSAGE, PRIMARY, of_a_value, queue, titles, many))
    assert run(CHECK, make_snapshot(MESSAGE, PRIMARY, of_others, queue, titles, few))


def test_an_index_that_holds_the_mark_serves_too() -> None:
    many = make_statistics("message", "deleted_at", null_fraction=0.4)
    index = make_index("ix", "message", "conversation_id, deleted_at")
    assert run(CHECK, make_snapshot(MESSAGE, index, PAGE, many)) == []


@pytest.mark.parametrize(
    "index",
    [
        make_index("ix", "message", [IndexKey(None, "lower(title)")], predicate="(deleted_at IS NULL)", is_unique=True),
        make_index(
            "ix",
            "message",
            [IndexKey("conversation_id"), IndexKey(None, "lower(title)")],
            predicate="(deleted_at IS NOT NULL)",
            is_unique=True,
        ),
        make_index("ix", "message", "conversation_id", method="brin"),
        make_index("ix", "message", "conversation_id, deleted_at", method="brin"),
        make_index("ix", "message", "conversation_id", method="brin", predicate="(deleted_at IS NULL)"),
        make_index("ix", "message", "conversation_id", is_valid=False, predicate="(deleted_at IS NULL)"),
        make_index("ix", "message", [IndexKey("title", operator_class="gin_trgm_ops")], method="gin"),
        make_index("ix", "message", [IndexKey("title", collation='"C"')], predicate="(deleted_at IS NULL)"),
    ],
    ids=lambda index: index.definition.outline,
)
def test_an_index_that_does_not_find_the_rows_does_not_serve(index: Index) -> None:
    few = make_statistics("message", "deleted_at", null_fraction=0.99)
    by_title = make_statement("SELECT * FROM message WHERE title = $1 AND deleted_at IS NULL", query_id=3)
    title = make_statistics("message", "title")
    found = {
        finding.object for finding in run(CHECK, make_snapshot(MESSAGE, PRIMARY, index, PAGE, by_title, few, title))
    }
    assert found == {"message (conversation_id)", "message (title)"}


def test_an_expression_beside_the_column_makes_no_single_row_of_it() -> None:
    many = make_statistics("message", "deleted_at", null_fraction=0.4)
    keys = [IndexKey("conversation_id"), IndexKey(None, "lower(title)")]
    assert run(CHECK, make_snapshot(MESSAGE, PRIMARY, make_index("ix", "message", keys, is_unique=True), PAGE, many))
    one = make_index("ix", "message", "conversation_id", is_unique=True)
    assert run(CHECK, make_snapshot(MESSAGE, PRIMARY, one, PAGE, many)) == []


def test_quiet_for_a_lookup_by_primary_key() -> None:
    lookup = make_statement("SELECT * FROM message WHERE id = $1 AND deleted_at IS NULL")
    assert run(CHECK, make_snapshot(MESSAGE, PRIMARY, lookup)) == []


def test_quiet_for_statements_that_are_not_hot() -> None:
    rare = make_statement(PAGE.text, calls=2)
    other = make_statement("SELECT * FROM message WHERE id = $1", calls=100_000)
    assert run(CHECK, make_snapshot(MESSAGE, PRIMARY, rare, other)) == []


def test_a_rare_statement_that_costs_much_is_hot() -> None:
    dear = make_statement(PAGE.text, calls=2, total_ms=60_000.0)
    assert run(CHECK, make_snapshot(MESSAGE, PRIMARY, dear))


def test_a_join_counts_where_nothing_is_compared() -> None:
    conversation = make_table("conversation", "id bigint NOT NULL, user_id bigint", rows=5_000, primary_key=("id",))
    joined = make_statement(
        "SELECT * FROM conversation c JOIN message m ON m.conversation_id = c.id"
        " WHERE c.user_id = $1 AND m.deleted_at IS NULL"
    )
    (finding,) = run(CHECK, make_snapshot(MESSAGE, PRIMARY, conversation, joined))
    assert finding.object == "message (conversation_id)"


def test_small_tables_are_left_alone() -> None:
    small = make_table("message", "conversation_id bigint, deleted_at timestamptz", rows=100)
    assert run(CHECK, make_snapshot(small, PAGE)) == []


def test_the_policy_names_the_column() -> None:
    table = make_table("message", "conversation_id bigint, removed_on timestamptz", rows=50_000)
    statement = make_statement("SELECT * FROM message WHERE conversation_id = $1 AND removed_on IS NULL")
    assert run(CHECK, make_snapshot(table, statement)) == []
    (finding,) = run(CHECK, make_snapshot(table, statement, policy=Policy(soft_delete_columns=("removed_on",))))
    assert "removed_on IS NULL" in finding.message


def test_not_examined_without_a_workload() -> None:
    assert not_examined(CHECK, make_snapshot(MESSAGE))
    assert not not_examined(CHECK, make_snapshot(make_table("plain", rows=50_000)))


@pytest.mark.parametrize(
    ("width", "keys"), [(40, ["conversation_id", "title"]), (900, ["conversation_id"]), (None, ["conversation_id"])]
)
def test_no_key_that_could_refuse_a_row(width: int | None, keys: list[str]) -> None:
    page = make_statement("SELECT * FROM message WHERE conversation_id = $1 AND deleted_at IS NULL ORDER BY title")
    known = [make_statistics("message", "title", average_width=width)] if width else []
    (finding,) = run(CHECK, make_snapshot(MESSAGE, PRIMARY, page, *known))
    (change,) = finding.changes
    assert isinstance(change, CreateIndex)
    assert list(change.definition.columns) == keys
    wanted = make_statement("SELECT * FROM message WHERE title = $1 AND deleted_at IS NULL")
    assert len(run(CHECK, make_snapshot(MESSAGE, PRIMARY, wanted, *known))) == (width == 40)
