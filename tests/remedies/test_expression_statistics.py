"""An index on an expression goes, and what the planner knew by it stays."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pgwright.model.change import DropIndex, UniqueAmongLiving
from pgwright.model.fix import Fix
from pgwright.model.snapshot import Snapshot
from pgwright.remedies import make_fix
from pgwright.snapshot import read_snapshot
from tests.support.alembic_project import finding
from tests.support.builders import make_server
from tests.support.database import Database

SETUP = """
CREATE TABLE t (id int PRIMARY KEY, email text, doc jsonb);
INSERT INTO t SELECT n, 'User' || n % 10, jsonb_build_object('kind', 'k' || n % 5) FROM generate_series(1, 3000) n;
CREATE INDEX ix ON t (lower(email), (doc ->> 'kind'));
{}
ANALYZE t
"""


def _dropping(snapshot: Snapshot, *names: str) -> Fix:
    by_name = {index.name.name: index for index in snapshot.indexes}
    drops = [DropIndex(by_name[name].name, by_name[name].table, by_name[name].sql, 0) for name in names]
    return make_fix(snapshot, [finding("unused-index", drop.name.short, drop) for drop in drops])


def _estimate(database: Database, condition: str) -> int:
    ((plan,),) = database.rows(f"EXPLAIN (FORMAT JSON) SELECT * FROM t WHERE {condition}")
    return int(plan[0]["Plan"]["Plan Rows"])  # type: ignore[index]


def _created(fix: Fix) -> list[str]:
    steps = [step.sql for remedy in fix.remedies for step in remedy.upgrade]
    return [sql.removeprefix("CREATE STATISTICS IF NOT EXISTS ") for sql in steps if "STATISTICS" in sql]


@pytest.mark.pg(">= 14")
def test_the_planner_estimates_as_before_where_a_unique_index_becomes_partial(database: Database) -> None:
    database.execute(
        "CREATE TABLE t (id int, deleted_at date); INSERT INTO t SELECT generate_series(1, 3000); "
        "CREATE UNIQUE INDEX uq ON t ((id * 2)); ANALYZE t"
    )
    before = _estimate(database, "id * 2 < 100")
    snapshot = read_snapshot(database.dsn)
    (uq,) = snapshot.indexes
    living = replace(uq.definition, name="uq_living", predicate="deleted_at IS NULL")
    change = UniqueAmongLiving(uq.name, None, uq.sql, living)
    (remedy,) = make_fix(snapshot, [finding("soft-delete-unique", "uq", change)]).remedies
    for steps in (remedy.upgrade, remedy.downgrade):
        for step in steps:
            database.execute(step.sql)
        assert _estimate(database, "id * 2 < 100") == before
    assert read_snapshot(database.dsn).extended_statistics == ()


@pytest.mark.pg(">= 14")
def test_the_planner_estimates_as_before(database: Database) -> None:
    database.execute(SETUP.format(""))
    conditions = ("lower(email) = 'user3'", "doc ->> 'kind' = 'k3'")
    before = [_estimate(database, condition) for condition in conditions]
    assert before == [pytest.approx(300, rel=0.1), pytest.approx(600, rel=0.1)]
    (remedy,) = _dropping(read_snapshot(database.dsn), "ix").remedies
    assert remedy.is_safe
    for step in remedy.upgrade:
        database.execute(step.sql)
    assert [_estimate(database, condition) for condition in conditions] == before
    assert read_snapshot(database.dsn).indexes[0].name.name == "t_pkey"
    for step in remedy.downgrade:
        database.execute(step.sql)
    assert read_snapshot(database.dsn).extended_statistics == ()
    assert [_estimate(database, condition) for condition in conditions] == before


@pytest.mark.pg(">= 14")
@pytest.mark.parametrize(
    ("also", "dropped", "created"),
    [
        ("", ["ix"], ["ix_stat ON (lower(email))", "ix_stat_2 ON ((doc ->> 'kind'::text))"]),
        ("CREATE INDEX other ON t (id, lower(email));", ["ix"], ["ix_stat ON ((doc ->> 'kind'::text))"]),
        ("CREATE INDEX other ON t (lower(email)) WHERE id > 9;", ["other"], []),
        (
            "CREATE INDEX other ON t (lower(email));",
            ["ix", "other"],
            ["ix_stat ON (lower(email))", "ix_stat_2 ON ((doc ->> 'kind'::text))"],
        ),
        ("CREATE STATISTICS s ON (lower(email)), (doc ->> 'kind') FROM t;", ["ix"], []),
        (
            "CREATE STATISTICS ix_stat ON id, email FROM t; CREATE INDEX ix2 ON t ((id + 1));",
            ["ix2"],
            ["ix2_stat ON ((id + 1))"],
        ),
    ],
)
def test_statistics_are_made_where_nothing_else_tells(
    database: Database, also: str, dropped: list[str], created: list[str]
) -> None:
    database.execute(SETUP.format(also))
    fix = _dropping(read_snapshot(database.dsn), *dropped)
    assert fix.refused == ()
    assert [sql.split(" FROM ")[0].removeprefix("public.") for sql in _created(fix)] == created
    for remedy in fix.remedies:
        for step in remedy.upgrade:
            database.execute(step.sql)


def test_the_index_stays_where_no_statistics_can_take_its_place(database: Database) -> None:
    database.execute(SETUP.format(""))
    snapshot = replace(read_snapshot(database.dsn), server=make_server(version_number=130_000))
    (refused,) = _dropping(snapshot, "ix").refused
    assert "only by public.ix the planner knows lower(email)" in refused.reason


def test_a_partitioned_index_on_an_expression_stays(database: Database) -> None:
    database.execute(
        """
        CREATE TABLE t (id int, email text) PARTITION BY RANGE (id);
        CREATE TABLE t_1 PARTITION OF t DEFAULT; CREATE INDEX ix ON t (lower(email))
        """
    )
    assert len(_dropping(read_snapshot(database.dsn), "ix").refused) == 1
