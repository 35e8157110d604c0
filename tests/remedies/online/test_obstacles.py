"""What has no series: each reason, and none where there is none."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pgwright.model.change import ColumnConversion, ConvertColumns
from pgwright.model.dependent import Dependent, DependentKind
from pgwright.model.index import IndexKey
from pgwright.model.names import QualifiedName
from pgwright.remedies.online import online_obstacles
from tests.support.builders import make_foreign_key, make_index, make_server, make_snapshot, make_table

A, B = QualifiedName("public", "a"), QualifiedName("public", "b")
ID = ColumnConversion(A, "id", "text", "uuid", None, "hyphenated")
CHANGE = ConvertColumns((ID, replace(ID, table=B, column="a_id")), ())
TABLES = (make_table("a", "id text, at timestamp"), make_table("b", "id bigint, a_id text"))


def reasons(*parts: object, change: ConvertColumns = CHANGE, **fields: Any) -> list[str]:
    return list(online_obstacles(change, make_snapshot(*(parts or TABLES), **fields)))


def hangs(kind: DependentKind, column: str | None = "id") -> Dependent:
    return Dependent(A, column, kind, "it", "x")


def test_tables_with_a_key_between_them_have_none() -> None:
    parts = (*TABLES, make_index("a_pkey", "a", "id"), make_foreign_key("b", "a_id", "a"))
    assert reasons(*parts) == []


@pytest.mark.parametrize("kind", ["statistics", "statistics on an expression", "check constraint", "use of an index"])
def test_what_is_not_carried_over_is_named(kind: DependentKind) -> None:
    (reason,) = reasons(dependents=(hangs(kind),))
    assert reason == f"the {kind} it depends on a (id)"
    assert reasons(dependents=(hangs(kind, "at"),)) == []


def test_a_published_table_is_left_alone() -> None:
    (reason,) = reasons(dependents=(hangs("publication", None),))
    assert reason == "it publishes a, and its subscribers lack the new column"


def test_partitions_and_heirs_are_left_alone() -> None:
    heir = make_table("c", "id text", parent=A)
    (reason,) = reasons(*TABLES, heir)
    assert reason.startswith("a is partitioned, a partition or an heir")


def test_row_security_needs_a_view_that_asks_as_its_user() -> None:
    parts = (make_table("a", "id text", has_row_security=True), TABLES[1])
    (reason,) = reasons(*parts, server=make_server(version_number=140_000))
    assert reason == "a has row security, which views go around before PostgreSQL 15"
    assert reasons(*parts, server=make_server(version_number=150_000)) == []


def test_texts_in_two_spellings_are_left_alone() -> None:
    change = ConvertColumns((replace(ID, uuid_format="mixed"),), ())
    (reason,) = reasons(change=change)
    assert reason.startswith("a (id) holds UUIDs in two spellings")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"is_valid": False}, "is invalid"),
        ({"is_replica_identity": True}, "is the replica identity"),
        ({"is_exclusion": True, "constraint": "ix"}, "is an exclusion constraint"),
    ],
)
def test_indexes_that_cannot_be_exchanged_are_named(fields: dict[str, Any], said: str) -> None:
    (reason,) = reasons(*TABLES, make_index("ix", "a", "id", **fields))
    assert said in reason
    assert reasons(*TABLES, make_index("ix", "a", "at", **fields)) == []


def test_an_index_that_only_names_the_column_in_its_predicate_counts() -> None:
    index = make_index("ix", "a", [IndexKey("at")], predicate="id IS NOT NULL", is_valid=False)
    assert len(reasons(*TABLES, index)) == 1


def test_a_schema_that_is_there_is_another_series_under_way() -> None:
    view = make_table(QualifiedName("pgwright_new", "a"), "id uuid")
    (reason,) = reasons(*TABLES, view)
    assert "another series has not come to its end" in reason


def test_two_tables_of_one_name_cannot_both_be_seen() -> None:
    other = make_table(QualifiedName("blog", "a"), "id text")
    change = ConvertColumns((*CHANGE.columns, replace(ID, table=other.name)), ())
    (reason,) = reasons(*TABLES, other, change=change)
    assert reason.startswith("several schemas have a table a")


def test_a_key_that_names_columns_in_its_action_is_left_alone() -> None:
    definition = "FOREIGN KEY (a_id) REFERENCES a(id) ON DELETE SET NULL (a_id)"
    (reason,) = reasons(*TABLES, make_foreign_key("b", "a_id", "a", definition=definition))
    assert reason.endswith("names columns in its action")
