from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pgwright.model.change import UniqueAmongLiving
from pgwright.model.finding import Finding
from pgwright.model.not_examined import NotExamined
from pgwright.model.policy import Policy
from pgwright.model.snapshot import Snapshot
from pgwright.model.table import Table
from tests.support.builders import (
    make_foreign_key,
    make_index,
    make_snapshot,
    make_statement,
    make_table,
    not_examined,
    run,
)

CHECK = "soft-delete-unique"
USERS = make_table("users", "id bigint NOT NULL, email text, deleted_at timestamptz", rows=500, primary_key=("id",))
PRIMARY = make_index("users_pkey", "users", "id", is_unique=True, is_primary=True, constraint="users_pkey")


STATED = Policy(unique_among_living=("users_email_key",))


def _snapshot(*parts: object, policy: Policy = STATED, table: Table = USERS, **fields: object) -> Snapshot:
    index = make_index(
        "users_email_key", "users", "email", **{"is_unique": True, "constraint": "users_email_key", **fields}
    )
    return make_snapshot(table, PRIMARY, index, *parts, policy=policy)


def _run(*parts: object, **fields: Any) -> list[Finding]:
    return run(CHECK, _snapshot(*parts, **fields))


def test_asks_the_team_about_a_unique_constraint_but_not_about_the_primary_key() -> None:
    (finding,) = _run(policy=Policy())
    assert finding.object == "users_email_key"
    assert (finding.changes, finding.sql, finding.severity, finding.confidence) == ((), "", "info", "possible")
    assert 'allow = ["soft-delete-unique:users_email_key"]' in finding.advice
    assert 'unique_among_living = ["users_email_key"]' in finding.advice


def test_becomes_partial_where_the_team_says_so() -> None:
    (finding,) = _run()
    (change,) = finding.changes
    assert isinstance(change, UniqueAmongLiving)
    assert (change.constraint, change.replaces.name) == ("users_email_key", "users_email_key")
    assert change.definition.sql() == (
        "CREATE UNIQUE INDEX ix_users_email_living ON public.users (email) WHERE deleted_at IS NULL"
    )


def test_keeps_a_predicate_and_nulls_not_distinct() -> None:
    (finding,) = _run(predicate="(email <> ''::text)", constraint=None, nulls_not_distinct=True)
    (change,) = finding.changes
    assert isinstance(change, UniqueAmongLiving)
    assert change.definition.sql().endswith(
        "(email) NULLS NOT DISTINCT WHERE ((email <> ''::text)) AND deleted_at IS NULL"
    )


def test_a_name_that_is_no_index_is_told() -> None:
    snapshot = _snapshot(policy=Policy(unique_among_living=("users_mail_key",)))
    assert [entry.what for entry in not_examined(CHECK, snapshot)] == ["soft-delete-unique of users_mail_key"]


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


NOTE = make_table("note", "email text")
UPSERT = "INSERT INTO users (email) VALUES ($1) ON CONFLICT "


@pytest.mark.parametrize(
    ("parts", "fields", "said"),
    [
        ((NOTE, make_foreign_key("note", "email", "users", "email")), {}, "note (email) refers to it"),
        ((make_statement(UPSERT + "(email) DO NOTHING", query_id=7),), {}, "ON CONFLICT (email) would fail"),
        ((make_statement(UPSERT + "ON CONSTRAINT users_email_key DO NOTHING", query_id=7),), {}, "would fail"),
        (
            (make_statement(f"WITH x AS ({UPSERT}(email) DO NOTHING RETURNING id) SELECT * FROM x", query_id=7),),
            {},
            "would fail",
        ),
        ((), {"is_deferrable": True}, "deferrable"),
        ((), {"is_replica_identity": True}, "replica identity"),
        ((), {"method": "gist"}, "no B-tree"),
    ],
)
@pytest.mark.parametrize("policy", [STATED, Policy()])
def test_stays_whole_where_something_rests_on_it(
    parts: tuple[object, ...], fields: dict[str, Any], said: str, policy: Policy
) -> None:
    (finding,) = _run(*parts, **fields, policy=policy)
    assert finding.changes == ()
    assert said in finding.advice
    assert "unique_among_living =" not in finding.advice


@pytest.mark.parametrize(
    "statement",
    [
        UPSERT + "DO NOTHING",
        UPSERT + "(name) DO NOTHING",
        UPSERT + "ON CONSTRAINT users_pkey DO NOTHING",
        "INSERT INTO other (email) VALUES ($1) ON CONFLICT (email) DO NOTHING",
    ],
)
def test_becomes_partial_where_statements_name_other_targets(statement: str) -> None:
    (finding,) = _run(make_table("other", "email text"), make_statement(statement))
    assert len(finding.changes) == 1


@pytest.mark.parametrize(
    ("body", "is_kept"),
    [
        ("INSERT INTO users (email) VALUES (e)\n    ON  CONFLICT (email) DO NOTHING", True),
        ("INSERT INTO users (email) VALUES (e) on conflict on constraint users_email_key DO NOTHING", True),
        ("INSERT INTO users (email) VALUES (e) ON CONFLICT DO NOTHING", False),
        ("INSERT INTO other (email) VALUES (e) ON CONFLICT (email) DO NOTHING", False),
        ("SELECT id FROM users WHERE email = e", False),
    ],
)
def test_stays_whole_where_a_function_may_rely_on_it(body: str, is_kept: bool) -> None:
    """What a function runs is not in the workload, unless it is tracked."""
    schema = f"CREATE FUNCTION public.add(e text) RETURNS void\n    LANGUAGE sql\n    AS $$ {body} $$;\n\n\n"
    (finding,) = run(CHECK, replace(_snapshot(), schema_sql=schema))
    assert bool(finding.changes) is not is_kept
    assert ("in the body of add would fail" in finding.advice) is is_kept


def test_stays_whole_where_a_rule_may_rely_on_it() -> None:
    schema = (
        "CREATE RULE also AS\n    ON INSERT TO public.log DO  INSERT INTO public.users (email)\n"
        "  VALUES (new.email) ON CONFLICT(email) DO NOTHING;\n\n\n"
    )
    (finding,) = run(CHECK, replace(_snapshot(), schema_sql=schema))
    assert finding.changes == ()
    assert "in the body of the rule also would fail" in finding.advice


def test_stays_whole_where_the_workload_could_not_be_read() -> None:
    snapshot = _snapshot()
    missing = NotExamined("statements", "permission denied", parts=("statements",))
    (finding,) = run(CHECK, replace(snapshot, not_examined=(missing,)))
    assert finding.changes == ()


@pytest.mark.parametrize(
    "column",
    [
        "deleted_at timestamptz NOT NULL",
        "deleted_at timestamptz DEFAULT '1000-01-01'",
        "deleted_at timestamptz DEFAULT 'infinity'::timestamptz",
        "deleted_at boolean",
    ],
)
def test_no_mark_of_deletion_by_its_name_alone(column: str) -> None:
    table = make_table("users", f"id bigint NOT NULL, email text, {column}", rows=500, primary_key=("id",))
    assert _run(table=table, policy=Policy()) == []
    (finding,) = _run(table=table)
    assert finding.changes == ()
    assert "deleted_at IS NULL is not what a living row shows" in finding.advice


def test_a_partitioned_table_is_for_a_person() -> None:
    table = make_table("users", "id bigint, email text, deleted_at timestamptz", kind="partitioned table")
    (finding,) = _run(table=table)
    assert finding.changes == ()


def test_names_the_statements_that_rely_on_the_constraint() -> None:
    (finding,) = _run(make_statement(UPSERT + "(email) DO NOTHING", query_id=7))
    assert finding.queries == (7,)
