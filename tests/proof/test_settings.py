"""Copies plan as production does, and a setting is proved like any other change."""

from __future__ import annotations

from dataclasses import replace

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from pgwright.errors import ProofError
from pgwright.model.server import RoleSetting
from pgwright.proof.settings import apply_and_undo, fix_settings, plan_as, with_settings
from pgwright.snapshot import read_snapshot
from tests.support.builders import make_setting, make_statement
from tests.support.database import Database


def value_of(database: Database, name: str) -> str:
    with psycopg.connect(database.dsn) as connection:
        row = connection.execute("SELECT current_setting(%s)", (name,)).fetchone()
        return str(row[0]) if row else ""


def test_a_copy_plans_as_production_does(database: Database) -> None:
    theirs = (
        replace(make_setting("random_page_cost", "1.25"), is_planner=True),
        replace(make_setting("work_mem", "64MB", "65536"), is_planner=True),
        replace(make_setting("of_a_later_version", "on"), is_planner=True),
        make_setting("TimeZone", "Asia/Tokyo"),
    )
    plan_as(database.dsn, replace(read_snapshot(database.dsn), settings=theirs))
    assert [value_of(database, name) for name in ("random_page_cost", "work_mem")] == ["1.25", "64MB"]
    assert value_of(database, "TimeZone") != "Asia/Tokyo"


def test_a_setting_is_fixed_and_named(database: Database) -> None:
    assert fix_settings(database.dsn, {"random_page_cost": "1.1", "app.tenant": "7"}) == (
        "random_page_cost = 1.1, app.tenant = 7"
    )
    assert [value_of(database, name) for name in ("random_page_cost", "app.tenant")] == ["1.1", "7"]


@pytest.mark.parametrize(("name", "value"), [("no_such_setting", "1"), ("work_mem", "much"), ("x; DROP TABLE t", "1")])
def test_what_the_server_refuses_is_named(database: Database, name: str, value: str) -> None:
    with pytest.raises(ProofError, match=r"the copy's server refuses .* = "):
        fix_settings(database.dsn, {name: value})


def test_a_copy_plans_as_the_role_of_the_workload_does(database: Database) -> None:
    theirs = (replace(make_setting("work_mem", "4MB", "4096"), is_planner=True),)
    own = (RoleSetting("app", "work_mem", "64MB"),)
    snapshot = replace(read_snapshot(database.dsn), settings=theirs, role_settings=own)
    plan_as(database.dsn, snapshot)
    assert value_of(database, "work_mem") == "4MB"
    plan_as(database.dsn, snapshot, "app")
    assert value_of(database, "work_mem") == "64MB"


def test_sessions_have_the_settings_of_their_dsn_and_keep_them_on_reset(database: Database) -> None:
    fix_settings(database.dsn, {"work_mem": "8MB"})
    given = {"work_mem": "64MB", "app.name": r"a b\c", "random_page_cost": "1.1"}
    with psycopg.connect(with_settings(database.dsn, given)) as connection:
        connection.execute("SET work_mem = '1MB'; RESET work_mem")
        for name, value in given.items():
            row = connection.execute("SELECT current_setting(%s)", (name,)).fetchone()
            assert row == (value,)


@pytest.mark.parametrize("of_role", [False, True], ids=["of the database", "of a role"])
@pytest.mark.parametrize("before", ["", "8MB"], ids=["none before", "one before"])
def test_a_setting_is_applied_and_undone(database: Database, of_role: bool, before: str) -> None:
    role = f"r_{database.name}"
    database.execute(f"CREATE ROLE {role} LOGIN; CREATE TABLE t (id int)")
    whose = f"ALTER ROLE {role} IN DATABASE {database.name}" if of_role else f"ALTER DATABASE {database.name}"
    if before:
        database.execute(f"{whose} SET work_mem = '{before}'")
    try:
        snapshot = replace(read_snapshot(database.dsn), statements=(make_statement("SELECT id FROM t", role=role),))
        was = _of(role, database)
        apply_sql, undo_sql = apply_and_undo({"work_mem": "64MB"}, snapshot)
        database.execute(apply_sql)
        assert _of(role, database) == "64MB"
        database.execute(undo_sql)
        assert _of(role, database) == was
        assert apply_sql.startswith("ALTER ROLE" if of_role and before else "ALTER DATABASE")
    finally:
        database.execute(f"ALTER DATABASE {database.name} RESET ALL; DROP ROLE {role}")


def _of(role: str, database: Database) -> str:
    """Return what a new session of a role has."""
    with psycopg.connect(make_conninfo(database.dsn, user=role)) as connection:
        row = connection.execute("SHOW work_mem").fetchone()
        return str(row[0]) if row else ""
