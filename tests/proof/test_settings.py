"""Copies plan as production does, and a setting is proved like any other change."""

from __future__ import annotations

from dataclasses import replace

import psycopg
import pytest

from pgwright.errors import ProofError
from pgwright.proof.settings import fix_settings, plan_as
from pgwright.snapshot import read_snapshot
from tests.support.builders import make_setting
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
