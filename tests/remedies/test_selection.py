"""What a fix answers now, and what it leaves for later with what that would bring."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pgwright import pipeline
from pgwright.model.change import (
    AnalyzeTable,
    Change,
    ColumnConversion,
    ConvertColumns,
    CreateIndex,
    DropIndex,
    RebuildIndex,
)
from pgwright.model.finding import Finding, Severity
from pgwright.model.fix import Fix
from pgwright.model.index import Index, IndexDefinition, IndexKey
from pgwright.model.snapshot import Snapshot
from pgwright.model.worth import Worth
from pgwright.remedies import FixChoice
from tests.support.alembic_project import created
from tests.support.builders import make_foreign_key, make_index, make_snapshot, make_table, qualified

DAY = 86_400.0
TABLES = [make_table(f"t{n}", "id bigint, a bigint, b text", rows=1_000) for n in range(9)]
OLD = make_index("ix_old", "t8", "a", size_bytes=8_192_000)
SNAPSHOT = make_snapshot(*TABLES, OLD)


def found(
    name: str,
    *changes: Change,
    saved_s: float | None = None,
    severity: Severity = "medium",
    check: str = "missing-index",
    symptoms: tuple[Finding, ...] = (),
) -> Finding:
    worth = None if saved_s is None else Worth(saved_s * 1000, 9.0, 0.1, DAY)
    return Finding(
        check, "indexes", severity, "certain", name, "m", (), "a", changes, worth=worth, symptoms=symptoms
    )  # fmt: skip


def create(table: str, *keys: IndexKey) -> CreateIndex:
    return CreateIndex(IndexDefinition(f"ix_{table}", qualified(table), keys or (IndexKey("a"),)))


def raising(table: str) -> CreateIndex:
    return create(table, IndexKey(None, "(b::integer)"))


def drop(index: Index) -> DropIndex:
    return DropIndex(index.name, index.table, index.sql, index.size_bytes)


def fixed(*findings: Finding, snapshot: Snapshot = SNAPSHOT, choice: FixChoice = FixChoice()) -> Fix:  # noqa: B008
    return pipeline.fix(snapshot, findings, choice=choice, with_possible=bool(choice.only))


def left(fix: Fix) -> list[tuple[str, str]]:
    return [(one.findings[0], one.reason) for one in fix.later]


def test_the_dearest_are_written_and_the_rest_is_listed_with_what_it_would_bring() -> None:
    many = [found(f"t{n}", create(f"t{n}"), saved_s=60.0 * (n + 1)) for n in range(8)]
    fix = fixed(*many)
    assert sorted(created(fix)) == [f"Create index ix_t{n} on t{n} (a)" for n in range(3, 8)]
    assert left(fix) == [(f"missing-index:t{n}", "beyond the top") for n in (2, 1, 0)]
    first = fix.later[0]
    assert first.title == "Create index ix_t2 on t2 (a)"
    assert first.gain.words == "saves 3 min a day (estimated)"
    assert first.command == "pgwright fix --only missing-index:t2"
    assert len(fixed(*many, choice=FixChoice(top=2)).remedies) == 2
    assert len(fixed(*many, choice=FixChoice(top=None)).remedies) == 8


def test_without_a_choice_everything_is_written() -> None:
    fix = pipeline.fix(SNAPSHOT, [found("t0", create("t0")), found("t1", raising("t1"))])
    assert len([one for one in fix.remedies if isinstance(one.change, CreateIndex)]) == 2
    assert fix.later == ()


def test_what_saves_no_time_and_frees_no_bytes_is_left() -> None:
    fix = fixed(
        found("t1", create("t1")), found("t2", create("t2"), saved_s=0.1), found("t3", AnalyzeTable(qualified("t3")))
    )
    assert fix.remedies == ()
    assert {reason for _, reason in left(fix)} == {"no measurable gain"}
    assert {one.gain.words for one in fix.later} == {"saves under 1 s a day (estimated)", ""}


def test_a_symptom_counts_its_time_for_its_cause() -> None:
    symptom = found("t1", saved_s=60.0, check="sequential-scan-heavy")
    fix = fixed(found("t1", create("t1"), symptoms=(symptom,)))
    assert created(fix) == ["Create index ix_t1 on t1 (a)"]
    assert fix.remedies[0].gain.words == "saves 60 s a day (estimated)"


def test_a_dropped_index_gains_its_bytes_and_comes_after_time_and_repairs() -> None:
    broken = make_index("ix_broken", "t2", "a", is_valid=False)
    snapshot = make_snapshot(*TABLES, OLD, broken)
    findings = [
        found("ix_old", drop(OLD), check="unused-index"),
        found("ix_broken", RebuildIndex(broken.name, broken.table, broken.sql), check="invalid-index"),
        found("t1", create("t1"), saved_s=60.0),
    ]
    assert len(fixed(*findings, snapshot=snapshot).remedies) == 3
    two = fixed(*findings, snapshot=snapshot, choice=FixChoice(top=2))
    assert left(two) == [("unused-index:ix_old", "beyond the top")]
    assert two.later[0].gain.words == "frees 7.8 MB and the upkeep on each write"
    one = fixed(*findings, snapshot=snapshot, choice=FixChoice(top=1))
    assert [key for key, _ in left(one)] == ["invalid-index:ix_broken", "unused-index:ix_old"]


def test_info_brings_no_change_unless_it_is_named() -> None:
    finding = found("t1", create("t1"), saved_s=60.0, severity="info")
    assert left(fixed(finding)) == [("missing-index:t1", "info")]
    assert left(fixed(finding, choice=FixChoice(top=None, breaking=True))) == [("missing-index:t1", "info")]
    assert len(fixed(finding, choice=FixChoice(only=(finding.key,))).remedies) == 1


@pytest.mark.parametrize(
    ("rows", "fields", "is_left"),
    [(0, {}, True), (0, {"row_estimate": -1.0}, False), (5, {}, False)],
    ids=["empty", "never analyzed", "few rows"],
)
def test_a_table_counted_empty_gets_no_change(rows: int, fields: dict[str, float], is_left: bool) -> None:
    snapshot = make_snapshot(replace(make_table("t1", "id bigint, a bigint", rows=rows), **fields))  # type: ignore[arg-type]
    finding = found("t1", create("t1"), saved_s=60.0)
    fix = fixed(finding, snapshot=snapshot)
    assert left(fix) == ([("missing-index:t1", "empty table")] if is_left else [])
    assert len(fixed(finding, snapshot=snapshot, choice=FixChoice(only=("missing-index",))).remedies) == 1


def test_a_partitioned_table_is_empty_where_all_its_parts_are() -> None:
    parent = make_table("t1", "id bigint, a bigint", kind="partitioned table", row_estimate=-1.0)
    parts = [make_table(f"t1_{n}", "id bigint, a bigint", rows=n * 100, parent=parent.name) for n in range(2)]
    finding = found("t1", create("t1"), saved_s=60.0)
    assert left(fixed(finding, snapshot=make_snapshot(parent, parts[0]))) == [("missing-index:t1", "empty table")]
    assert left(fixed(finding, snapshot=make_snapshot(parent, *parts))) == []


def test_what_is_not_safe_is_written_on_request_alone() -> None:
    convert = ConvertColumns((ColumnConversion(qualified("t3"), "b", "text", "uuid", None, "hyphenated"),), ())
    findings = [
        found("t1", create("t1"), saved_s=60.0),
        found("t2", raising("t2"), saved_s=120.0),
        found("t3", convert, check="text-uuid-key"),
    ]
    safe = fixed(*findings)
    assert created(safe) == ["Create index ix_t1 on t1 (a)"]
    assert set(left(safe)) == {
        ("missing-index:t2", "not safe while the app runs"), ("text-uuid-key:t3", "not safe while the app runs")
    }  # fmt: skip
    breaking = fixed(*findings, choice=FixChoice(top=None, breaking=True))
    assert [one.is_safe for one in breaking.remedies if not isinstance(one.change, AnalyzeTable)] == [False, False]
    assert left(breaking) == [("missing-index:t1", "safe")]
    named = fixed(*findings, choice=FixChoice(only=("missing-index:t1", "text-uuid-key:t3"), top=None))
    assert created(named) == ["Convert 1 column of 1 table to uuid", "Create index ix_t1 on t1 (a)"]


def test_the_drop_beside_an_index_that_is_not_safe_waits_with_it() -> None:
    fix = fixed(found("t8", raising("t8"), drop(OLD), saved_s=60.0))
    assert fix.remedies == ()
    assert left(fix) == [("missing-index:t8", "not safe while the app runs")]


def test_a_drop_that_counts_on_an_index_left_out_is_refused_and_said() -> None:
    """It is chosen for its bytes; the index that would do its work is not safe."""
    by_expression = found("t8 (a, b)", create("t8", IndexKey("a"), IndexKey(None, "(b::integer)")), saved_s=60.0)
    redundant = found("ix_old", drop(OLD), check="redundant-index")
    fix = fixed(by_expression, redundant)
    assert fix.remedies == ()
    assert [(one.what, one.reason) for one in fix.refused] == [
        ("redundant-index:ix_old", "the index that would do its work is not there, and not built by this fix")
    ]


def test_what_a_written_index_answers_anyhow_is_not_left_for_later() -> None:
    tables = (make_table("u", rows=9, primary_key=("id",)), make_table("v", "id bigint, u_id bigint", rows=9))
    snapshot = make_snapshot(*tables, make_foreign_key("v", "u_id", "u"))
    wide = CreateIndex(IndexDefinition("ix_v", qualified("v"), (IndexKey("u_id"), IndexKey("id"))))
    narrow = CreateIndex(IndexDefinition("ix_v_u", qualified("v"), (IndexKey("u_id"),)))
    fix = fixed(
        found("v", wide, saved_s=60.0), found("v (u_id)", narrow, check="unindexed-foreign-key"), snapshot=snapshot
    )
    assert fix.later == ()
    assert fix.remedies[0].findings == ("missing-index:v", "unindexed-foreign-key:v (u_id)")


def test_what_no_fix_could_write_is_refused_and_not_promised_for_later() -> None:
    fix = fixed(found("t8", create("t8")))
    assert fix.later == ()
    assert fix.refused[0].reason == "the index public.ix_old that exists does its work already"


def test_what_only_a_person_can_answer_is_told_beside() -> None:
    fix = fixed(found("q", check="deep-offset"), found("t1", create("t1")))
    assert fix.by_hand == ("deep-offset:q",)
    assert len(fix.later) == 1
