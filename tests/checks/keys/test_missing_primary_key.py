from __future__ import annotations

from tests.support.builders import make_index, make_snapshot, make_table, run

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
