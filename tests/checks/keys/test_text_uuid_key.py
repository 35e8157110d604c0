from __future__ import annotations

from dataclasses import replace
from uuid import UUID, uuid5

import pytest

from pgwright.model.change import ConvertColumns
from pgwright.model.finding import Finding
from pgwright.model.names import QualifiedName
from tests.support.builders import (
    evidence,
    make_foreign_key,
    make_index,
    make_snapshot,
    make_statement,
    make_statistics,
    make_table,
    not_examined,
    run,
)

CHECK = "text-uuid-key"
UUIDS = [str(uuid5(UUID(int=0), str(n))) for n in range(100)]
PLAIN = [value.replace("-", "") for value in UUIDS]
USERS = make_table("users", "id character varying(255) NOT NULL, name text", rows=1_000, primary_key=("id",))
NOTEBOOKS = make_table(
    "notebooks", "id character varying(255) NOT NULL, user_id character varying(255)", rows=9_000, primary_key=("id",)
)
KEY = make_foreign_key("notebooks", "user_id", "users")
USERS_ID, NOTEBOOKS_ID = make_statistics("users", "id", UUIDS), make_statistics("notebooks", "id", UUIDS)
USER_ID = make_statistics("notebooks", "user_id", UUIDS)


def _change(finding: Finding) -> ConvertColumns:
    (change,) = finding.changes
    assert isinstance(change, ConvertColumns)
    return change


def _columns(finding: Finding) -> list[tuple[str, str, str | None]]:
    return [(each.table.name, each.column, each.uuid_format) for each in _change(finding).columns]


def test_fires_once_for_columns_that_a_foreign_key_connects() -> None:
    found = run(CHECK, make_snapshot(USERS, NOTEBOOKS, KEY, USERS_ID, NOTEBOOKS_ID, USER_ID))
    assert [finding.object for finding in found] == ["notebooks (id)", "users (id)"]
    assert _columns(found[1]) == [("notebooks", "user_id", "hyphenated"), ("users", "id", "hyphenated")]
    assert [key.name for key in _change(found[1]).foreign_keys] == [KEY.name]
    assert found[1].severity == "medium"


def test_tells_the_bytes_saved_in_rows_and_in_every_index() -> None:
    primary = make_index("users_pkey", "users", "id", is_unique=True, is_primary=True)
    (bare,) = run(CHECK, make_snapshot(USERS, USERS_ID))
    (indexed,) = run(CHECK, make_snapshot(USERS, USERS_ID, primary))
    # 37 bytes become 16 in the row; 8 + 37 rounded up to 48 become 24 in the index.
    assert evidence(bare)["saved in rows and indexes"] == "20.5 kB"  # 1,000 × 21
    assert evidence(indexed)["saved in rows and indexes"] == "43.9 kB"  # 1,000 × (21 + 24)


def test_a_non_unique_index_keeps_equal_keys_once() -> None:
    statistics = make_statistics("notebooks", "user_id", UUIDS, distinct=100.0)
    index = make_index("ix_user", "notebooks", "user_id")
    found = run(CHECK, make_snapshot(USERS, NOTEBOOKS, KEY, USERS_ID, statistics, index))
    # 1,000 × 21 of users, 9,000 × 21 in the rows and 100 × 24 in the index of notebooks.
    assert [evidence(finding)["saved in rows and indexes"] for finding in found] == ["207.4 kB"]


@pytest.mark.parametrize("type_name", ["text", "character varying(36)", "character(36)"])
def test_fires_for_every_text_type(type_name: str) -> None:
    table = make_table("users", f"id {type_name} NOT NULL", rows=100, primary_key=("id",))
    (finding,) = run(CHECK, make_snapshot(table, make_statistics("users", "id", UUIDS)))
    assert _change(finding).columns[0].from_type == type_name


def test_keeps_the_default_for_the_conversion() -> None:
    table = make_table("users", "id text NOT NULL DEFAULT (gen_random_uuid())::text", rows=100, primary_key=("id",))
    (finding,) = run(CHECK, make_snapshot(table, USERS_ID))
    assert _change(finding).columns[0].default == "(gen_random_uuid())::text"


@pytest.mark.parametrize(
    "values",
    [PLAIN, [f"{n:02x}" * 16 for n in range(100)], UUIDS[:99] + PLAIN[99:], [value.upper() for value in UUIDS]],
    ids=["32 digits", "hashes", "mixed", "capitals"],
)
def test_quiet_for_texts_that_a_uuid_would_not_give_back(values: list[str]) -> None:
    assert run(CHECK, make_snapshot(USERS, make_statistics("users", "id", values))) == []


def test_quiet_when_both_ends_of_a_key_are_written_differently() -> None:
    assert (
        run(CHECK, make_snapshot(USERS, NOTEBOOKS, KEY, USERS_ID, make_statistics("notebooks", "user_id", PLAIN))) == []
    )


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM users WHERE id = md5($1)",
        "SELECT * FROM users WHERE lower(id) = $1",
        "SELECT * FROM users WHERE id LIKE $1",
        "INSERT INTO users (id, name) VALUES (gen_random_uuid()::text, $1)",
        "SELECT coalesce(u.id, $1) FROM users u",
    ],
)
def test_a_statement_that_computes_with_the_column_forbids_it(statement: str) -> None:
    (finding,) = run(CHECK, make_snapshot(USERS, USERS_ID, make_statement(statement)))
    assert (finding.changes, finding.confidence, finding.severity) == ((), "possible", "low")
    assert finding.advice.startswith("A statement computes with users (id): ")


def test_a_domain_forbids_it() -> None:
    domain = QualifiedName("public", "user_key")
    table = replace(USERS, columns=(replace(USERS.columns[0], domain=domain), *USERS.columns[1:]))
    (finding,) = run(CHECK, make_snapshot(table, USERS_ID))
    assert finding.changes == ()
    assert "of the domain user_key" in finding.advice


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM users JOIN seen ON seen.who = users.id",
        "SELECT * FROM users WHERE id IN (SELECT who FROM seen WHERE at < $1)",
        "SELECT * FROM users, seen WHERE users.name = $1 OR seen.who = users.id",
        "INSERT INTO seen (who) SELECT id FROM users",
    ],
)
@pytest.mark.parametrize(("values", "columns"), [(UUIDS, [("seen", "who"), ("users", "id")]), ([*UUIDS, ""], [])])
def test_what_the_workload_compares_changes_together_or_not_at_all(
    statement: str, values: list[str], columns: list[tuple[str, str]]
) -> None:
    seen = make_table("seen", "who text, at date", rows=100)
    snapshot = make_snapshot(USERS, seen, USERS_ID, make_statistics("seen", "who", values), make_statement(statement))
    found = [(table, column) for finding in run(CHECK, snapshot) for table, column, _ in _columns(finding)]
    assert found == columns


def test_one_value_that_is_none_holds_back_a_reference_by_name() -> None:
    strange = make_statistics("notebooks", "user_id", [*UUIDS, ""])
    found = run(CHECK, make_snapshot(USERS, NOTEBOOKS, USERS_ID, NOTEBOOKS_ID, strange))
    assert [finding.object for finding in found] == ["notebooks (id)"]


def test_a_column_that_nobody_knows_holds_back_those_tied_to_it() -> None:
    snapshot = make_snapshot(USERS, NOTEBOOKS, KEY, USERS_ID, NOTEBOOKS_ID)
    assert [finding.object for finding in run(CHECK, snapshot)] == ["notebooks (id)"]
    assert [entry.what for entry in not_examined(CHECK, snapshot)] == ["text-uuid-key of notebooks (user_id)"]


def test_common_values_count_as_well_as_the_histogram() -> None:
    common = make_statistics("users", "id", UUIDS, common_values=("none",), common_frequencies=(0.2,))
    assert run(CHECK, make_snapshot(USERS, common)) == []


def test_quiet_when_one_value_of_the_group_is_no_uuid() -> None:
    strange = make_statistics("notebooks", "user_id", [*UUIDS, "system"])
    found = run(CHECK, make_snapshot(USERS, NOTEBOOKS, KEY, USERS_ID, NOTEBOOKS_ID, strange))
    assert [finding.object for finding in found] == ["notebooks (id)"]


def test_quiet_for_native_uuids_and_for_text_that_is_no_key() -> None:
    table = make_table("users", "id uuid NOT NULL, token text", rows=100, primary_key=("id",))
    assert run(CHECK, make_snapshot(table, USERS_ID, make_statistics("users", "token", UUIDS))) == []


def test_an_empty_table_goes_along_because_the_foreign_key_ties_it() -> None:
    empty = make_table("notebooks", "id bigint NOT NULL, user_id text", primary_key=("id",))
    (finding,) = run(CHECK, make_snapshot(USERS, empty, KEY, USERS_ID))
    assert _columns(finding) == [("notebooks", "user_id", "hyphenated"), ("users", "id", "hyphenated")]
    assert evidence(finding)["without sample values"] == "notebooks (user_id)"


def test_a_reference_without_a_constraint_is_tied_by_its_name() -> None:
    (finding, _) = run(CHECK, make_snapshot(USERS, NOTEBOOKS, USERS_ID, NOTEBOOKS_ID, USER_ID))[::-1]
    assert _columns(finding) == [("notebooks", "user_id", "hyphenated"), ("users", "id", "hyphenated")]
    assert _change(finding).foreign_keys == ()


def test_a_reference_without_a_constraint_is_tied_by_a_join() -> None:
    other = make_table("audit", "id bigint NOT NULL, actor_id text", rows=100, primary_key=("id",))
    joined = make_statement("SELECT * FROM audit JOIN users ON users.id = audit.actor_id")
    (finding,) = run(CHECK, make_snapshot(USERS, other, joined, USERS_ID, make_statistics("audit", "actor_id", UUIDS)))
    assert [column for _, column, _ in _columns(finding)] == ["actor_id", "id"]


def test_a_name_ties_nothing_that_is_no_uuid() -> None:
    found = run(
        CHECK, make_snapshot(USERS, NOTEBOOKS, USERS_ID, make_statistics("notebooks", "user_id", ["me", "you"]))
    )
    assert [finding.object for finding in found] == ["users (id)"]


def test_a_reference_that_points_nowhere_is_a_finding_of_its_own() -> None:
    table = make_table("call", "id bigint NOT NULL, trace_id text", rows=100, primary_key=("id",))
    (finding,) = run(CHECK, make_snapshot(table, make_statistics("call", "trace_id", UUIDS)))
    assert finding.object == "call (trace_id)"


@pytest.mark.parametrize(("rows", "severity"), [(100, "low"), (5_000, "low"), (500_000, "medium")])
def test_severity_grows_with_what_would_be_saved(rows: int, severity: str) -> None:
    table = make_table("call", "id text NOT NULL", rows=rows, primary_key=("id",))
    (finding,) = run(CHECK, make_snapshot(table, make_statistics("call", "id", UUIDS)))
    assert finding.severity == severity


def test_not_examined_without_sample_values() -> None:
    snapshot = make_snapshot(USERS)
    assert run(CHECK, snapshot) == []
    (missing,) = not_examined(CHECK, snapshot)
    assert missing.what == "text-uuid-key of users (id)"
    assert "ANALYZE" in missing.remedy


def test_a_table_that_is_known_to_be_empty_is_no_riddle() -> None:
    table = make_table("users", "id text NOT NULL", primary_key=("id",))
    assert not_examined(CHECK, make_snapshot(table)) == []


def test_partitions_are_reported_on_their_parent_by_the_partitions_statistics() -> None:
    parent = make_table("event", "id text NOT NULL", kind="partitioned table", primary_key=("id",))
    leaf = make_table("event_1", "id text NOT NULL", rows=500, primary_key=("id",), parent="event")
    (finding,) = run(CHECK, make_snapshot(parent, leaf, make_statistics("event_1", "id", UUIDS)))
    assert (finding.object, _change(finding).columns[0].table_bytes) == ("event (id)", leaf.total_bytes)


def test_an_inheriting_table_changes_with_its_parent() -> None:
    child = make_table("admins", "id character varying(255) NOT NULL", rows=5, parent="users")
    key = make_foreign_key("notebooks", "user_id", "admins")
    statistics = make_statistics("admins", "id", UUIDS)
    (finding, _) = run(CHECK, make_snapshot(USERS, child, NOTEBOOKS, key, USERS_ID, USER_ID, NOTEBOOKS_ID, statistics))[
        ::-1
    ]
    assert [(table, column) for table, column, _ in _columns(finding)] == [("notebooks", "user_id"), ("users", "id")]


def test_names_are_quoted_where_they_need_it() -> None:
    table = make_table("App.User", '"Id" text NOT NULL', rows=100, primary_key=("Id",))
    (finding,) = run(CHECK, make_snapshot(table, make_statistics("App.User", "Id", UUIDS)))
    assert finding.object == '"App"."User" ("Id")'
