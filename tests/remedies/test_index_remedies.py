"""The remedies about indexes, each rendered from a snapshot made by hand: steps, locks, safety, hint."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pgwright.indexes.names import free_name
from pgwright.model.change import AnalyzeTable, CreateIndex, DropIndex, RebuildIndex, UniqueAmongLiving
from pgwright.model.index import IndexDefinition, IndexKey
from pgwright.model.names import QualifiedName
from pgwright.model.remedy import Step
from pgwright.remedies import analyze_table, create_index, drop_index, rebuild_index, unique_among_living
from pgwright.remedies.create_index import part_names
from tests.support.builders import make_index, make_snapshot, make_table

T = make_table("t", "a int, b int", rows=1_000_000)
SNAPSHOT = make_snapshot(T)
IX = IndexDefinition("ix", T.name, (IndexKey("a"), IndexKey("b", is_descending=True)), predicate="b > 0")
BUILD = Step(
    "CREATE INDEX CONCURRENTLY IF NOT EXISTS ix\nON public.t (a, b DESC)\nWHERE b > 0",
    False, "SHARE UPDATE EXCLUSIVE", ("public.t",), builds="public.ix", waits_long=True,
)  # fmt: skip
DROP = Step(
    "DROP INDEX CONCURRENTLY IF EXISTS public.ix", False, "SHARE UPDATE EXCLUSIVE", ("public.t",), waits_long=True
)

P, PART, INNER, LEAF = (
    make_table("p", "a int", kind="partitioned table"),
    make_table("p_1", "a int", parent="p", rows=1_000),
    make_table("app.p_2", "a int", kind="partitioned table", parent="p"),
    make_table("app.leaf", "a int", parent="app.p_2"),
)
PARTED = make_snapshot(P, PART, INNER, LEAF)
WHOLE = IndexDefinition("ix_p_a", P.name, (IndexKey("a"),))


def test_create_and_drop_are_each_others_way_back() -> None:
    created = create_index.render(CreateIndex(IX), SNAPSHOT)
    assert (created.upgrade, created.downgrade) == ((BUILD,), (DROP,))
    assert (created.title, created.is_safe, created.warning) == (
        "Create index ix on t (a, b DESC) where b > 0",
        True,
        "",
    )
    assert created.seconds_estimate is not None
    assert created.seconds_estimate > 0
    assert created.model_hint == 'Index("ix", "a", text("b DESC"), postgresql_where=text("b > 0"))'
    dropped = drop_index.render(DropIndex(QualifiedName("public", "ix"), T.name, IX.sql(), 8192), SNAPSHOT)
    assert (dropped.upgrade, dropped.downgrade) == ((DROP,), (BUILD,))
    assert (dropped.title, dropped.is_safe, dropped.warning) == ("Drop index ix of t", True, "")
    assert dropped.seconds_estimate == 0.0
    assert dropped.model_hint.startswith("remove the index ix (an Index(...) of that name, or index=True")


def test_a_table_that_nobody_read_has_no_estimate() -> None:
    assert create_index.render(CreateIndex(IX), make_snapshot()).seconds_estimate is None


def test_a_partitioned_table_gets_its_index_part_by_part() -> None:
    created = create_index.render(CreateIndex(WHOLE), PARTED)
    lines = [" ".join(step.sql.split()) for step in created.upgrade]
    assert lines[:7] == [
        "CREATE INDEX IF NOT EXISTS ix_p_a ON ONLY public.p (a)",
        "CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_p_1_a ON public.p_1 (a)",
        "CREATE INDEX IF NOT EXISTS ix_p_2_a ON ONLY app.p_2 (a)",
        "CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_leaf_a ON app.leaf (a)",
        "ALTER INDEX public.ix_p_a ATTACH PARTITION public.ix_p_1_a",
        "ALTER INDEX public.ix_p_a ATTACH PARTITION app.ix_p_2_a",
        "ALTER INDEX app.ix_p_2_a ATTACH PARTITION app.ix_leaf_a",
    ]
    assert "is not whole" in lines[7]
    assert [step.lock for step in created.upgrade] == [
        "SHARE", "SHARE UPDATE EXCLUSIVE", "SHARE", "SHARE UPDATE EXCLUSIVE",
        "ACCESS EXCLUSIVE", "ACCESS EXCLUSIVE", "ACCESS EXCLUSIVE", "none",
    ]  # fmt: skip
    assert [step.tables for step in created.upgrade] == [
        ("public.p",), ("public.p_1",), ("app.p_2",), ("app.leaf",),
        ("public.ix_p_1_a",), ("app.ix_p_2_a",), ("app.ix_leaf_a",), (),
    ]  # fmt: skip
    assert not any(step.is_transactional for step in created.upgrade)
    assert [step.sql for step in created.downgrade] == [
        "DROP INDEX IF EXISTS public.ix_p_a",
        "DROP INDEX CONCURRENTLY IF EXISTS app.ix_leaf_a",
        "DROP INDEX CONCURRENTLY IF EXISTS public.ix_p_1_a",
    ]
    assert created.downgrade[0].tables == ("public.p", "public.p_1", "app.p_2", "app.leaf")
    assert created.downgrade[0].lock == "ACCESS EXCLUSIVE"


def test_a_partitioned_index_is_dropped_as_a_whole_and_built_again_under_its_names() -> None:
    indexes = (
        make_index("ix_p_a", "p", "a"),
        make_index("one", "p_1", "a", parent="ix_p_a"),
        make_index("two", "app.p_2", "a", parent="ix_p_a"),
        make_index("three", "app.leaf", "a", parent="app.two"),
    )
    snapshot = make_snapshot(P, PART, INNER, LEAF, *indexes)
    dropped = drop_index.render(DropIndex(indexes[0].name, P.name, indexes[0].sql, 8192), snapshot)
    assert [step.sql for step in dropped.upgrade] == ["DROP INDEX IF EXISTS public.ix_p_a"]
    assert [" ".join(step.sql.split()) for step in dropped.downgrade[1:4]] == [
        "CREATE INDEX CONCURRENTLY IF NOT EXISTS one ON public.p_1 (a)",
        "CREATE INDEX IF NOT EXISTS two ON ONLY app.p_2 (a)",
        "CREATE INDEX CONCURRENTLY IF NOT EXISTS three ON app.leaf (a)",
    ]
    assert (dropped.title, dropped.is_safe) == ("Drop partitioned index ix_p_a of p", False)
    assert dropped.seconds_estimate == 0.0
    assert "ACCESS EXCLUSIVE on p and all its partitions" in dropped.warning
    assert "The downgrade builds the index again: under a second, estimated." in dropped.warning


def test_names_of_parts_are_free_and_short() -> None:
    snapshot = make_snapshot(P, PART, INNER, LEAF, make_index("ix_p_1_a", "t", "a"), make_table("app.ix_leaf_a"))
    assert list(part_names(WHOLE, snapshot).values()) == ["ix_p_1_a_2", "ix_p_2_a", "ix_leaf_a_2"]
    assert set(part_names(replace(WHOLE, name="other"), PARTED).values()) == {"other_p_1", "other_p_2", "other_leaf"}
    twice = part_names(replace(WHOLE, name="x"), make_snapshot(P, PART, make_table("q", parent="p")))
    assert len(set(twice.values())) == 2


@pytest.mark.parametrize(
    ("name", "taken", "expected"),
    [
        ("a", (), "a"),
        ("a", ("a",), "a_2"),
        ("a", ("a", "a_2"), "a_3"),
        ("x" * 70, (), "x" * 63),
        ("x" * 63, ("x" * 63,), "x" * 61 + "_2"),
        ("ä" * 40, (), "ä" * 31),
        ("ä" * 40, ("ä" * 31,), "ä" * 30 + "_2"),
    ],
)
def test_free_names(name: str, taken: tuple[str, ...], expected: str) -> None:
    assert free_name(name, "s", {QualifiedName("s", each) for each in taken}) == expected
    assert free_name("a", "s", {QualifiedName("other", "a")}) == "a"


def test_an_invalid_index_is_built_again() -> None:
    invalid = make_index("ix", "t", "a", is_valid=False)
    rebuilt = rebuild_index.render(RebuildIndex(invalid.name, T.name, IX.sql()), make_snapshot(T, invalid))
    assert (rebuilt.upgrade, rebuilt.downgrade, rebuilt.is_safe, rebuilt.warning) == ((BUILD,), (), True, "")
    assert rebuilt.seconds_estimate
    assert (rebuilt.title, rebuilt.model_hint) == ("Build the invalid index ix of t again", "")
    unknown = rebuild_index.render(RebuildIndex(invalid.name, T.name, IX.sql()), SNAPSHOT)
    assert unknown.seconds_estimate is None


@pytest.mark.parametrize("constraint", ["t_a_key", None])
def test_a_unique_among_the_living_stands_before_the_old_one_falls(constraint: str | None) -> None:
    old = "CREATE UNIQUE INDEX t_a_key ON public.t USING btree (a)"
    new = IndexDefinition("uq", T.name, (IndexKey("a"),), predicate="b IS NULL", is_unique=True)
    remedy = unique_among_living.render(
        UniqueAmongLiving(QualifiedName("public", "t_a_key"), constraint, old, new), SNAPSHOT
    )
    build, fall = remedy.upgrade
    assert (build.builds, fall.builds) == ("public.uq", "")
    assert fall.sql == (
        "ALTER TABLE public.t DROP CONSTRAINT IF EXISTS t_a_key"
        if constraint
        else "DROP INDEX CONCURRENTLY IF EXISTS public.t_a_key"
    )
    assert fall.lock == ("ACCESS EXCLUSIVE" if constraint else "SHARE UPDATE EXCLUSIVE")
    back, *adopt, gone = remedy.downgrade
    assert back.builds == "public.t_a_key"
    assert gone.sql == "DROP INDEX CONCURRENTLY IF EXISTS public.uq"
    assert [("ADD CONSTRAINT t_a_key UNIQUE USING INDEX t_a_key" in step.sql, step.lock) for step in adopt] == (
        [(True, "ACCESS EXCLUSIVE")] if constraint else []
    )
    assert not remedy.is_safe
    assert remedy.title == "Count only living rows in the unique t_a_key of t"
    assert remedy.seconds_estimate
    assert remedy.model_hint.startswith('in place of the unique t_a_key: Index("uq", "a", unique=True')
    assert "The downgrade fails when a deleted row and a living one have the same value" in remedy.warning
    unread = UniqueAmongLiving(QualifiedName("public", "t_a_key"), constraint, old, new)
    assert unique_among_living.render(unread, make_snapshot()).seconds_estimate is None


def test_analyze_reads_no_more_than_its_sample() -> None:
    def seconds(pages: int) -> float | None:
        table = replace(T, pages=pages)
        return analyze_table.render(AnalyzeTable(T.name), make_snapshot(table)).seconds_estimate

    assert seconds(10_000) == pytest.approx(10_000 * 8192 / 200e6)
    assert seconds(30_000) == seconds(10_000_000) == pytest.approx(1.23, abs=0.01)
    remedy = analyze_table.render(AnalyzeTable(T.name), SNAPSHOT)
    assert ([step.sql for step in remedy.upgrade], remedy.downgrade) == (["ANALYZE public.t"], ())
    assert (remedy.is_safe, remedy.warning, remedy.model_hint) == (True, "", "")
    assert (remedy.upgrade[0].lock, remedy.upgrade[0].waits_long) == ("SHARE UPDATE EXCLUSIVE", True)
    assert remedy.title == "Gather statistics of t"
