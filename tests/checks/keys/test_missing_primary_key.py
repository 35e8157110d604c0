from __future__ import annotations

from typing import Any

import pytest

from pgwright.model.dependent import Dependent, DependentKind
from pgwright.model.index import IndexKey
from tests.support.builders import make_index, make_snapshot, make_table, qualified, run

CHECK = "missing-primary-key"


def test_fires_for_a_table_without_a_primary_key() -> None:
    (finding,) = run(CHECK, make_snapshot(make_table("login", "user_id bigint", rows=10)))
    assert (finding.object, finding.severity) == ("login", "medium")
    assert finding.sql == "ALTER TABLE public.login ADD COLUMN id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY"


def test_quiet_with_a_primary_key() -> None:
    assert run(CHECK, make_snapshot(make_table("login", "id bigint", primary_key=("id",)))) == []


def test_a_unique_index_on_columns_that_are_never_null_can_become_the_key() -> None:
    table = make_table("login", "id bigint NOT NULL")
    (finding,) = run(CHECK, make_snapshot(table, make_index("uq", "login", "id", is_unique=True)))
    assert (finding.severity, finding.sql) == ("low", "ALTER TABLE public.login ADD PRIMARY KEY USING INDEX uq")


@pytest.mark.parametrize(
    "odd",
    [
        {"keys": [IndexKey("id", collation='"C"')]},
        {"keys": [IndexKey("id", operator_class="text_pattern_ops")]},
        {"keys": "id", "nulls_not_distinct": True},
    ],
)
def test_an_index_that_differs_from_a_key_becomes_none(odd: dict[str, Any]) -> None:
    table = make_table("login", "id text NOT NULL")
    (finding,) = run(CHECK, make_snapshot(table, make_index("uq", "login", is_unique=True, **odd)))
    assert finding.sql == ""


@pytest.mark.parametrize(
    ("kind", "advice"),
    [
        ("publication", "news sends the table: add the column on the subscribers first"),
        ("type", "a table of the type news"),
        ("heir of several tables", "Other tables inherit from it"),
    ],
)
def test_no_column_is_added_where_others_have_to_follow(kind: DependentKind, advice: str) -> None:
    tie = Dependent(qualified("login"), None, kind, "news")
    (finding,) = run(CHECK, make_snapshot(make_table("login", "user_id bigint"), dependents=(tie,)))
    assert finding.sql == ""
    assert advice in finding.advice


def test_no_column_is_added_to_a_table_from_which_others_inherit() -> None:
    heir = make_table("special", "user_id bigint", parent="login", primary_key=("user_id",))
    (finding,) = run(CHECK, make_snapshot(make_table("login", "user_id bigint"), heir))
    assert finding.sql == ""
    assert "Other tables inherit from it" in finding.advice


def test_an_index_that_a_constraint_owns_cannot_become_the_key() -> None:
    table = make_table("login", "id bigint NOT NULL")
    index = make_index("uq", "login", "id", is_unique=True, constraint="uq")
    (finding,) = run(CHECK, make_snapshot(table, index))
    assert finding.sql == "ALTER TABLE public.login ADD PRIMARY KEY (id)"


def test_a_nullable_or_partial_unique_index_tells_no_rows_apart() -> None:
    nullable = make_snapshot(make_table("login", "x bigint"), make_index("uq", "login", "x", is_unique=True))
    partial = make_snapshot(
        make_table("login", "x bigint NOT NULL"), make_index("uq", "login", "x", is_unique=True, predicate="x > 0")
    )
    assert [run(CHECK, snapshot)[0].severity for snapshot in (nullable, partial)] == ["medium", "medium"]


def test_partitions_are_reported_on_their_parent() -> None:
    parent = make_table("event", kind="partitioned table")
    (finding,) = run(CHECK, make_snapshot(parent, make_table("event_1", parent="event")))
    assert finding.object == "event"


def test_an_inheriting_table_has_no_key_of_its_parent() -> None:
    parent = make_table("event", primary_key=("id",))
    (finding,) = run(CHECK, make_snapshot(parent, make_table("special", parent="event")))
    assert finding.object == "special"


def test_quiet_for_views_and_foreign_tables() -> None:
    assert (
        run(CHECK, make_snapshot(make_table("v", kind="materialized view"), make_table("f", kind="foreign table")))
        == []
    )


def test_no_statement_is_proposed_where_the_column_name_is_taken() -> None:
    (finding,) = run(CHECK, make_snapshot(make_table("login", "id bigint")))
    assert finding.sql == ""
