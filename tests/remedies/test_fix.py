"""Findings to a fix: merged, apart in name, in order, nothing in vain."""

from __future__ import annotations

import pytest
from sqlalchemy.exc import DBAPIError

from pgwright.model.change import AnalyzeTable, CreateIndex, DropIndex, RebuildIndex, UniqueAmongLiving
from pgwright.model.finding import Finding
from pgwright.model.fix import Fix
from pgwright.model.index import IndexDefinition, IndexKey
from pgwright.model.names import QualifiedName
from tests.support.alembic_project import Project, created, finding

T = QualifiedName("public", "t")


def index(name: str, *columns: str, table: QualifiedName = T, predicate: str | None = None) -> IndexDefinition:
    keys = tuple(IndexKey(column.lstrip("-"), is_descending=column.startswith("-")) for column in columns)
    return IndexDefinition(name, table, keys, predicate=predicate)


def want(definition: IndexDefinition, check: str = "missing-index") -> Finding:
    return finding(check, definition.name, CreateIndex(definition))


def drop(project: Project, name: str, check: str = "unused-index") -> Finding:
    found = next(each for each in project.snapshot().indexes if each.name.name == name)
    return finding(check, name, DropIndex(found.name, found.table, found.sql, found.size_bytes))


def reasons(plan: Fix) -> dict[str, str]:
    return {refused.what: refused.reason for refused in plan.refused}


TABLES = (
    "CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE t (id int PRIMARY KEY, p_id int REFERENCES p, a int, b text)"
)


def test_no_findings_give_an_empty_plan(project: Project) -> None:
    assert project.plan() == Fix((), (), ())


def test_findings_without_changes_are_left_to_a_person(project: Project) -> None:
    plan = project.plan(finding("deep-offset", "q"), finding("deep-offset", "q"))
    assert plan.by_hand == ("deep-offset:q",)


def test_the_same_index_asked_for_twice_is_one_remedy_with_both_findings(project: Project) -> None:
    project.database.execute(TABLES)
    plan = project.plan(want(index("ix_1", "a")), want(index("ix_2", "a")))
    assert created(plan) == ["Create index ix_1 on t (a)"]
    assert plan.remedies[0].findings == ("missing-index:ix_1", "missing-index:ix_2")


def test_a_key_index_gives_way_to_a_longer_one_in_any_order_of_its_columns(project: Project) -> None:
    project.database.execute(TABLES)
    plan = project.plan(
        want(index("ix_key", "p_id"), "unindexed-foreign-key"),
        want(index("ix_pair", "a", "p_id"), "unindexed-foreign-key"),
        want(index("ix_long", "-p_id", "a", "b")),
    )
    assert created(plan) == ["Create index ix_long on t (p_id DESC, a, b)"]
    assert len(plan.remedies[0].findings) == 3


def test_a_partial_index_does_not_stand_in_for_a_whole_one(project: Project) -> None:
    project.database.execute(TABLES)
    plan = project.plan(
        want(index("ix_key", "p_id"), "unindexed-foreign-key"), want(index("ix_new", "p_id", "a", predicate="a > 1"))
    )
    assert len(plan.remedies) == 2


def test_an_index_that_exists_is_not_made_again_and_is_kept(project: Project) -> None:
    project.database.execute(TABLES + "; CREATE INDEX ix_old ON t (a, b) WHERE b = 'x'")
    plan = project.plan(want(index("ix_new", "a", predicate="(b = 'x')")), drop(project, "ix_old"))
    assert plan.remedies == ()
    assert "public.ix_old that exists" in reasons(plan)["missing-index:ix_new"]
    assert "unused-index:ix_old" in reasons(plan)


def test_an_invalid_index_of_the_same_columns_is_built_again_instead(project: Project) -> None:
    project.database.execute(TABLES + "; CREATE INDEX ix_old ON t (a)")
    project.database.execute("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ix_old'::regclass")
    old = next(each for each in project.snapshot().indexes if each.name.name == "ix_old")
    rebuild = finding("invalid-index", "ix_old", RebuildIndex(old.name, T, old.sql))
    assert created(project.plan(want(index("ix_new", "a")), rebuild)) == ["Build the invalid index ix_old of t again"]
    assert created(project.plan(want(index("ix_old", "a")))) == ["Create index ix_old on t (a)"]
    assert created(project.plan(rebuild, drop(project, "ix_old"))) == ["Drop index ix_old of t"]


def test_names_are_free_and_short_enough(project: Project) -> None:
    project.database.execute(TABLES + f"; CREATE TABLE ix_t (n int); CREATE INDEX {'x' * 63} ON t (b)")
    plan = project.plan(want(index("ix_t", "a")), want(index("x" * 70, "p_id")), want(index("ä" * 40, "b", "a")))
    names = [change.definition.name for change in (remedy.change for remedy in plan.remedies)]  # type: ignore[union-attr]
    assert names[0] == "ix_t_2"
    assert names[1] == "x" * 61 + "_2"
    assert names[2] == "ä" * 31
    project.write(plan)
    project.upgrade()
    assert all(name in project.dump() for name in names)


def test_what_enforces_something_is_never_dropped(project: Project) -> None:
    project.database.execute(TABLES + "; CREATE UNIQUE INDEX uq ON t (a)")
    plan = project.plan(drop(project, "uq"), drop(project, "t_pkey"))
    assert plan.remedies == ()
    assert len(plan.refused) == 2


def test_an_index_that_nobody_knows_does_not_hold_up_the_others(project: Project) -> None:
    project.database.execute(TABLES + "; CREATE UNIQUE INDEX uq ON t (a)")
    gone = finding("unused-index", "gone", DropIndex(QualifiedName("public", "gone"), T, "CREATE INDEX gone", 0))
    plan = project.plan(gone, drop(project, "uq"))
    assert created(plan) == ["Drop index gone of t"]
    assert "enforces" in reasons(plan)["unused-index:uq"]


def test_the_only_index_of_a_foreign_key_stays(project: Project) -> None:
    project.database.execute(TABLES + "; CREATE INDEX ix_p ON t (p_id)")
    assert "t_p_id_fkey" in reasons(project.plan(drop(project, "ix_p")))["unused-index:ix_p"]
    plan = project.plan(drop(project, "ix_p"), want(index("ix_new", "p_id", "a")))
    assert created(plan) == ["Create index ix_new on t (p_id, a)", "Drop index ix_p of t"]


def test_of_two_that_make_each_other_redundant_one_stays(project: Project) -> None:
    project.database.execute(TABLES + "; CREATE INDEX ix_short ON t (a); CREATE INDEX ix_long ON t (a, b)")
    plan = project.plan(drop(project, "ix_short", "redundant-index"), drop(project, "ix_long"))
    assert created(plan) == ["Drop index ix_long of t"]
    assert "dropped too" in reasons(plan)["redundant-index:ix_short"]


def test_statistics_are_gathered_for_new_expressions_only(project: Project) -> None:
    project.database.execute(TABLES)
    expression = IndexDefinition("ix_lower", T, (IndexKey(None, "lower(b)"),))
    plan = project.plan(want(expression), want(index("ix_a", "a")))
    assert created(plan)[-1] == "Gather statistics of t"
    assert plan.remedies[-1].findings == ("missing-index:ix_lower",)
    assert created(project.plan(finding("never-analyzed", "t", AnalyzeTable(T)))) == ["Gather statistics of t"]


def test_a_unique_that_a_foreign_key_rests_on_is_not_replaced(project: Project) -> None:
    project.database.execute("CREATE TABLE u (n int UNIQUE, gone date); CREATE TABLE v (n int REFERENCES u (n))")
    old = next(each for each in project.snapshot().indexes if each.name.name == "u_n_key")
    living = index("uq", "n", table=old.table, predicate="gone IS NULL")
    plan = project.plan(finding("soft-delete-unique", "u", UniqueAmongLiving(old.name, "u_n_key", old.sql, living)))
    assert "v_n_fkey" in reasons(plan)["soft-delete-unique:u"]


def test_a_unique_that_alone_serves_a_foreign_key_is_not_replaced(project: Project) -> None:
    project.database.execute(
        "CREATE TABLE u (n int PRIMARY KEY); CREATE TABLE v (n int UNIQUE REFERENCES u, gone date)"
    )
    old = next(each for each in project.snapshot().indexes if each.name.name == "v_n_key")
    living = index("uq", "n", table=old.table, predicate="gone IS NULL")
    replacement = finding("soft-delete-unique", "v", UniqueAmongLiving(old.name, "v_n_key", old.sql, living))
    assert "only index that serves" in reasons(project.plan(replacement))["soft-delete-unique:v"]
    plan = project.plan(replacement, want(index("ix_v_n", "n", table=old.table), "unindexed-foreign-key"))
    assert len(plan.remedies) == 2


def test_a_table_that_is_not_there_is_told(project: Project) -> None:
    missing = index("ix", "a", table=QualifiedName("public", "gone"))
    assert "no table public.gone" in reasons(project.plan(want(missing)))["missing-index:ix"]


PARTITIONS = """
CREATE TABLE p (id int, at date NOT NULL, kind text) PARTITION BY RANGE (at);
CREATE TABLE p_1 PARTITION OF p FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE SCHEMA old;
CREATE TABLE old.p_2 PARTITION OF p FOR VALUES FROM ('2021-01-01') TO ('2022-01-01') PARTITION BY LIST (kind);
CREATE TABLE old."P 2 a" PARTITION OF old.p_2 FOR VALUES IN ('a');
"""


def test_a_partitioned_table_is_indexed_part_by_part(project: Project) -> None:
    project.database.execute(PARTITIONS)
    parent = QualifiedName("public", "p")
    before = project.dump()
    plan = project.plan(
        want(index("ix_p_id", "id", table=parent)),
        want(index("ix_p_1_id", "id", table=QualifiedName("public", "p_1"))),
    )
    assert len(plan.remedies) == 1, "the parent's index covers the partition"
    project.write(plan)
    project.upgrade()
    after = project.dump()
    indexes = [each for each in project.snapshot().indexes if each.table.name != "alembic_version"]
    assert len(indexes) == 4
    assert all(each.is_valid for each in indexes)
    project.downgrade()
    assert project.dump() == before
    offline = project.offline("upgrade", "head")
    project.database.execute("DROP TABLE alembic_version")
    project.psql(offline)
    assert project.dump() == after

    whole = project.plan(drop(project, "ix_p_id"))
    assert not whole.remedies[0].is_safe
    project.write(whole, "r2", "r1")
    project.upgrade()
    assert project.dump() == before
    project.downgrade("r1")
    assert project.dump() == after

    assert not project.plan(drop(project, "ix_p_1_id")).remedies


def test_an_index_attached_from_the_top_down_is_valid_at_every_level(project: Project) -> None:
    project.database.execute(PARTITIONS + "CREATE TABLE old.p_2_b PARTITION OF old.p_2 FOR VALUES IN ('b')")
    plan = project.plan(want(index("ix_p_id", "id", table=QualifiedName("public", "p"))))
    attached = [step.sql.split()[2] for step in plan.remedies[0].upgrade if step.sql.startswith("ALTER INDEX")]
    assert attached == ["public.ix_p_id", "public.ix_p_id", "old.ix_p_2_id", "old.ix_p_2_id"]
    project.write(plan)
    project.upgrade()
    found = {str(each.name): each.is_valid for each in project.snapshot().indexes if each.name.name.startswith("ix_")}
    assert len(found) == 5
    assert all(found.values()), "the server validates upwards, at whichever level the last part is attached"


def test_a_partition_that_came_later_is_told(project: Project) -> None:
    project.database.execute(PARTITIONS)
    project.write(project.plan(want(index("ix_p_id", "id", table=QualifiedName("public", "p")))))
    project.database.execute("CREATE TABLE p_3 PARTITION OF p FOR VALUES FROM ('2022-01-01') TO ('2023-01-01')")
    with pytest.raises(DBAPIError, match="ix_p_id is not whole"):
        project.upgrade()
    project.database.execute("CREATE INDEX late ON p_3 (id); ALTER INDEX ix_p_id ATTACH PARTITION late")
    project.upgrade()
