from __future__ import annotations

import pytest

from pgwright.model.change import UniqueAmongLiving
from pgwright.model.finding import Finding
from tests.support.builders import make_foreign_key, make_index, make_snapshot, make_statement, make_table, run

CHECK = "soft-delete-unique"
USERS = make_table("users", "id bigint NOT NULL, email text, deleted_at timestamptz", rows=500, primary_key=("id",))
PRIMARY = make_index("users_pkey", "users", "id", is_unique=True, is_primary=True, constraint="users_pkey")


def _run(*parts: object, **fields: object) -> list[Finding]:
    index = make_index(
        "users_email_key", "users", "email", **{"is_unique": True, "constraint": "users_email_key", **fields}
    )
    return run(CHECK, make_snapshot(USERS, PRIMARY, index, *parts))


def test_fires_for_a_unique_constraint_but_not_for_the_primary_key() -> None:
    (finding,) = _run()
    (change,) = finding.changes
    assert isinstance(change, UniqueAmongLiving)
    assert (change.constraint, change.replaces.name) == ("users_email_key", "users_email_key")
    assert change.definition.sql() == (
        "CREATE UNIQUE INDEX ix_users_email_living ON public.users (email) WHERE deleted_at IS NULL"
    )


def test_keeps_a_predicate_that_is_there() -> None:
    (finding,) = _run(predicate="(email <> ''::text)", constraint=None)
    (change,) = finding.changes
    assert isinstance(change, UniqueAmongLiving)
    assert change.definition.predicate == "((email <> ''::text)) AND deleted_at IS NULL"


@pytest.mark.parametrize(
    "fields", [{"predicate": "(deleted_at IS NULL)"}, {"is_unique": False, "constraint": None}, {"is_valid": False}]
)
def test_quiet_when_deleted_rows_do_not_count(fields: dict[str, object]) -> None:
    assert _run(**fields) == []


def test_quiet_when_the_mark_is_one_of_the_keys() -> None:
    index = make_index("uq", "users", "email, deleted_at", is_unique=True)
    assert run(CHECK, make_snapshot(USERS, index)) == []


def test_quiet_without_a_soft_delete_column() -> None:
    table = make_table("users", "id bigint, email text")
    assert run(CHECK, make_snapshot(table, make_index("uq", "users", "email", is_unique=True))) == []


def test_quiet_for_values_that_the_database_makes() -> None:
    table = make_table("users", "token uuid DEFAULT gen_random_uuid(), deleted_at timestamptz")
    assert run(CHECK, make_snapshot(table, make_index("uq", "users", "token", is_unique=True))) == []


def test_a_constraint_that_a_foreign_key_refers_to_is_for_a_person() -> None:
    note = make_table("note", "email text")
    (finding,) = _run(note, make_foreign_key("note", "email", "users", "email"))
    assert finding.changes == ()
    assert "note (email)" in finding.advice


def test_a_partitioned_table_is_for_a_person() -> None:
    table = make_table("users", "email text, deleted_at timestamptz", kind="partitioned table")
    (finding,) = run(CHECK, make_snapshot(table, make_index("uq", "users", "email", is_unique=True)))
    assert finding.changes == ()


def test_names_the_statements_that_rely_on_the_constraint() -> None:
    upsert = make_statement("INSERT INTO users (email) VALUES ($1) ON CONFLICT (email) DO NOTHING", query_id=7)
    (finding,) = _run(upsert)
    assert finding.queries == (7,)
    assert "ON CONFLICT (email) must then add WHERE deleted_at IS NULL" in finding.advice
