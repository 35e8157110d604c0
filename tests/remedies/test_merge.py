"""What is written and what is refused, on snapshots made by hand: the cases that no small database shows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pgwright.model.change import (
    AnalyzeTable,
    Change,
    ColumnConversion,
    ConvertColumns,
    CreateIndex,
    DropIndex,
    RebuildIndex,
    UniqueAmongLiving,
)
from pgwright.model.finding import Finding
from pgwright.model.fix import Fix
from pgwright.model.index import Index, IndexDefinition, IndexKey
from pgwright.model.names import QualifiedName
from pgwright.model.snapshot import Snapshot
from pgwright.model.table import Sequence
from pgwright.remedies import make_fix
from tests.support.alembic_project import created, finding
from tests.support.builders import make_foreign_key, make_index, make_snapshot, make_table, qualified

U = make_table("u", "id bigint, email text, gone date", rows=100)
V = make_table("v", "id bigint, u_id bigint", rows=100)
OLD = make_index("u_email_key", "u", "email", is_unique=True, constraint="u_email_key")


def plan(snapshot: Snapshot, *wanted: tuple[str, Change] | Change) -> Fix:
    """Plan changes, each asked for by a finding of its own: `asked:0`, `asked:1`, … or of the check that is named."""
    findings: list[Finding] = []
    for number, each in enumerate(wanted):
        check, change = each if isinstance(each, tuple) else ("asked", each)
        findings.append(finding(check, str(number), change))
    return make_fix(snapshot, findings)


def refusals(fix: Fix) -> dict[str, str]:
    return {refused.what: refused.reason for refused in fix.refused}


def create(name: str, table: str, *columns: str, predicate: str | None = None) -> CreateIndex:
    keys = tuple(IndexKey(column) for column in columns)
    return CreateIndex(IndexDefinition(name, qualified(table), keys, predicate=predicate))


def drop(index: Index) -> DropIndex:
    return DropIndex(index.name, index.table, index.sql, index.size_bytes)


def rebuild(index: Index) -> RebuildIndex:
    return RebuildIndex(index.name, index.table, index.sql)


def living(index: Index = OLD, table: str = "u") -> UniqueAmongLiving:
    new = IndexDefinition("uq", qualified(table), (IndexKey("email"),), predicate="gone IS NULL", is_unique=True)
    return UniqueAmongLiving(index.name, index.constraint, index.sql, new)


def test_a_unique_takes_the_place_of_the_old_one() -> None:
    assert created(plan(make_snapshot(U, OLD), living())) == ["Count only living rows in the unique u_email_key of u"]


@pytest.mark.parametrize(
    ("snapshot", "reason"),
    [
        (make_snapshot(U, make_index("u_email_key", "u", "email", is_primary=True)), "is the primary key or"),
        (make_snapshot(U, make_index("u_email_key", "u", "email", is_replica_identity=True)), "is the primary key or"),
        (make_snapshot(make_table("u", "email text", kind="partitioned table"), OLD), "public.u is partitioned"),
        (
            make_snapshot(make_table("p", "email text", kind="partitioned table"), make_table("u", parent="p"), OLD),
            "public.u is partitioned",
        ),
        (make_snapshot(U, OLD, make_foreign_key("v", "mail", "u", "email")), "the foreign key 'v_mail_fkey' rests on"),
    ],
)
def test_a_unique_that_more_rests_on_stays(snapshot: Snapshot, reason: str) -> None:
    fix = plan(snapshot, living())
    assert fix.remedies == ()
    assert reason in refusals(fix)["asked:0"]


def test_heirs_and_keys_of_other_columns_do_not_hold_a_unique() -> None:
    heir = make_table("u", "email text", parent="p")
    key = make_foreign_key("v", "u_id", "u", "id")
    assert len(plan(make_snapshot(make_table("p"), heir, OLD, key), living()).remedies) == 1


def test_foreign_tables_and_partitioned_invalid_indexes_are_left_to_a_person() -> None:
    far = make_table("far", "a int", kind="foreign table", parent="p")
    whole = make_table("p", "a int", kind="partitioned table")
    broken = make_index("ix_p", "p", "a", is_valid=False)
    fix = plan(make_snapshot(whole, far, broken), create("ix", "p", "a"), rebuild(broken), create("x", "absent", "a"))
    assert fix.remedies == ()
    assert refusals(fix) == {
        "asked:0": "public.p is, or has a partition that is, a foreign table",
        "asked:1": "public.ix_p is partitioned and invalid because some partitions lack their part",
        "asked:2": "the snapshot has no table public.absent",
    }


def test_what_is_replaced_or_dropped_is_neither_dropped_nor_rebuilt_besides() -> None:
    invalid = make_index("ix", "u", "gone", is_valid=False)
    fix = plan(make_snapshot(U, OLD, invalid), drop(OLD), living(), rebuild(invalid), ("invalid-index", drop(invalid)))
    assert [type(remedy.change) for remedy in fix.remedies] == [UniqueAmongLiving, DropIndex]
    assert [remedy.findings for remedy in fix.remedies] == [("asked:1", "asked:0"), ("invalid-index:3", "asked:2")]


def test_of_two_equal_new_indexes_the_first_stays_and_of_two_tables_both() -> None:
    fix = plan(make_snapshot(U, V), create("a", "u", "id"), create("b", "u", "id"), create("c", "v", "id"))
    assert created(fix) == ["Create index a on u (id)", "Create index c on v (id)"]
    assert fix.remedies[0].findings == ("asked:0", "asked:1")


def test_a_new_unique_among_living_does_the_work_of_a_new_index_with_its_condition() -> None:
    same = create("a", "u", "email", predicate="gone IS NULL")
    fix = plan(make_snapshot(U, OLD), living(), same, create("b", "u", "email", "gone", predicate="id > 9"))
    assert [type(remedy.change) for remedy in fix.remedies] == [UniqueAmongLiving, CreateIndex]
    assert fix.remedies[0].findings == ("asked:0", "asked:1")


def test_a_longer_index_serves_a_foreign_key_but_not_a_query_on_other_columns() -> None:
    pair, key = create("pair", "v", "id", "u_id"), create("key", "v", "u_id", "id")
    assert len(plan(make_snapshot(V), pair, ("unindexed-foreign-key", key)).remedies) == 1
    assert len(plan(make_snapshot(V), pair, key).remedies) == 2


def test_an_index_that_exists_is_enough_unless_it_goes_away() -> None:
    old = make_index("old", "v", "u_id, id")
    wanted = create("new", "v", "u_id")
    assert refusals(plan(make_snapshot(V, old), wanted)) == {
        "asked:0": "the index public.old that exists does its work already"
    }
    kept = plan(make_snapshot(V, old), wanted, ("unused-index", drop(old)))
    assert kept.remedies == ()
    assert refusals(kept)["unused-index:1"] == "an index with these columns is asked for by another finding"
    invalid = make_index("old", "v", "u_id, id", is_valid=False)
    assert created(plan(make_snapshot(V, invalid), wanted)) == ["Create index new on v (u_id)"]
    rebuilt = plan(make_snapshot(V, invalid), wanted, rebuild(invalid))
    assert [remedy.findings for remedy in rebuilt.remedies] == [("asked:1", "asked:0")]
    replaced = make_index("u_email_key", "u", "email", is_unique=True)
    assert len(plan(make_snapshot(U, replaced), living(replaced), create("new", "u", "email")).remedies) == 2


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"is_unique": True}, "enforces a constraint, uniqueness or the replica identity"),
        ({"constraint": "c"}, "enforces a constraint"),
        ({"is_exclusion": True}, "enforces a constraint"),
        ({"is_replica_identity": True}, "enforces a constraint"),
        ({"parent": "whole"}, "is a part of public.whole and falls only with it"),
    ],
)
def test_bad_drops_are_refused(fields: dict[str, object], reason: str) -> None:
    index = make_index("ix", "u", "gone", **fields)
    fix = plan(make_snapshot(U, index), ("unused-index", drop(index)))
    assert fix.remedies == ()
    assert f"public.ix {reason}" in refusals(fix)["unused-index:0"]


def test_a_redundant_index_goes_only_while_the_other_stays() -> None:
    short, long = make_index("short", "v", "u_id"), make_index("long", "v", "u_id, id")
    snapshot = make_snapshot(V, short, long)
    assert len(plan(snapshot, ("redundant-index", drop(short))).remedies) == 1
    both = plan(snapshot, ("redundant-index", drop(short)), ("unused-index", drop(long)))
    assert created(both) == ["Drop index long of v"]
    assert refusals(both) == {"redundant-index:0": "the index that would do its work is dropped too"}
    with_new = plan(
        snapshot, ("redundant-index", drop(short)), ("unused-index", drop(long)), create("new", "v", "u_id", "gone")
    )
    assert len(with_new.remedies) == 3, "a new one does the work of both"
    invalid = make_snapshot(V, short, make_index("long", "v", "u_id, id", is_valid=False))
    assert plan(invalid, ("redundant-index", drop(short))).remedies == ()
    elsewhere = make_snapshot(U, V, short, make_index("long", "u", "u_id, id"))
    assert plan(elsewhere, ("redundant-index", drop(short))).remedies == ()


def test_the_last_index_of_a_foreign_key_stays() -> None:
    first, second = make_index("first", "v", "u_id"), make_index("second", "v", "u_id, id")
    other = make_index("other", "v", "id")
    snapshot = make_snapshot(U, V, first, second, other, make_foreign_key("v", "u_id", "u"))
    assert len(plan(snapshot, ("unused-index", drop(first)), ("unused-index", drop(other))).remedies) == 2
    both = plan(snapshot, ("unused-index", drop(first)), ("unused-index", drop(second)))
    assert created(both) == ["Drop index second of v"], "one of them is enough"
    assert refusals(both) == {
        "unused-index:0": "public.first is the only index that serves the foreign key 'v_u_id_fkey': "
        "deletes of parents need it"
    }
    assert both.refused[0].remedy == "create an index on the columns of the key first"
    invalid = make_index("first", "v", "u_id", is_valid=False)
    alone = make_snapshot(U, V, invalid, make_foreign_key("v", "u_id", "u"))
    assert len(plan(alone, ("invalid-index", drop(invalid))).remedies) == 1, "an invalid one serves nothing"


def names(fix: Fix) -> list[str]:
    return [remedy.change.definition.name for remedy in fix.remedies]  # type: ignore[union-attr]


def test_a_new_name_is_free_in_its_schema() -> None:
    counted = Sequence(QualifiedName("public", "counted"), None, None, None, 1, 1)
    taken = make_index("taken", "v", "id")
    snapshot = make_snapshot(U, V, make_table("app.t"), taken, sequences=(counted,))
    fix = plan(
        snapshot, create("taken", "u", "id", "gone"), create("v", "u", "email", "id"),
        create("counted", "u", "id", "email"),
        create("same", "u", "gone", "id"), create("same", "v", "u_id"), create("taken", "app.t", "id"),
    )  # fmt: skip
    assert names(fix) == ["taken_2", "v_2", "counted_2", "same", "same_2", "taken"]
    twice = make_snapshot(U, V, taken, make_index("taken_2", "v", "u_id"))
    assert names(plan(twice, create("taken", "u", "id"))) == ["taken_3"]


def test_an_invalid_leftover_of_the_same_index_gives_its_name_and_another_does_not() -> None:
    leftover = make_index("ix", "v", "u_id", is_valid=False)
    assert names(plan(make_snapshot(V, leftover), create("ix", "v", "u_id"))) == ["ix"]
    assert names(plan(make_snapshot(V, leftover), create("ix", "v", "id"))) == ["ix_2"]
    assert names(plan(make_snapshot(V, leftover), create("ix", "v", "u_id", "id"))) == ["ix_2"]
    assert names(plan(make_snapshot(U, V, leftover), create("ix", "u", "u_id"))) == ["ix_2"]


def test_statistics_are_gathered_once() -> None:
    by_expression = CreateIndex(IndexDefinition("ix", U.name, (IndexKey(None, "lower(email)"),)))
    convert = ConvertColumns((ColumnConversion(U.name, "id", "bigint", "integer", None),), ())
    assert created(plan(make_snapshot(U), create("ix", "u", "email"))) == ["Create index ix on u (email)"]
    assert created(plan(make_snapshot(U), by_expression, AnalyzeTable(U.name)))[1:] == ["Gather statistics of u"]
    fix = plan(make_snapshot(U), by_expression, AnalyzeTable(U.name), convert)
    assert created(fix) == ["Convert 1 column of 1 table to integer", "Create index ix on u ((lower(email)))"]
    assert fix.remedies[0].findings == ("asked:2", "asked:1")


def test_a_gin_index_serves_a_foreign_key_of_the_type_of_the_parent_only() -> None:
    pair = make_index("pair", "v", "u_id, id", method="gin")
    asked = ("unindexed-foreign-key", create("key", "v", "u_id"))
    for kind, count in (("bigint", 0), ("integer", 1)):
        parent = make_table("u", f"id {kind}")
        fix = plan(make_snapshot(parent, V, pair, make_foreign_key("v", "u_id", "u")), asked)
        assert len(fix.remedies) == count


def test_an_index_that_may_raise_for_a_row_is_no_safe_remedy() -> None:
    definition = IndexDefinition("ix", U.name, (IndexKey(None, "email::int"),))
    broken = make_index("ix", "u", definition.keys, is_valid=False)
    wanted: tuple[tuple[Snapshot, Change], ...] = (
        (make_snapshot(U), CreateIndex(definition)),
        (make_snapshot(U, broken), rebuild(broken)),
    )
    for snapshot, change in wanted:
        (remedy,) = [one for one in plan(snapshot, change).remedies if one.change == change]
        assert not remedy.is_safe
        assert "email::int may raise an error for a row" in remedy.warning
    lower = CreateIndex(IndexDefinition("ix", U.name, (IndexKey(None, "lower(email)"),)))
    assert plan(make_snapshot(U), lower).remedies[0].is_safe


def test_where_the_advisor_chose_an_index_for_a_statement_soft_delete_asks_for_none() -> None:
    by_plan = create("ix_plan", "u", "id", predicate="gone IS NULL")
    by_rule = create("ix_rule", "u", "email", "id", predicate="gone IS NULL")
    planned = replace(finding("missing-index", "u (id)", by_plan), queries=(1, 2))
    asked = replace(finding("missing-soft-delete-index", "u (email)", by_rule), queries=(2,))
    fix = make_fix(make_snapshot(U), [asked, planned])
    creations = [remedy for remedy in fix.remedies if isinstance(remedy.change, CreateIndex)]
    assert [remedy.change for remedy in creations] == [by_plan]
    assert set(creations[0].findings) == {asked.key, planned.key}
    others = replace(asked, queries=(3,))
    changes = [remedy.change for remedy in make_fix(make_snapshot(U), [others, planned]).remedies]
    assert by_plan in changes
    assert by_rule in changes


def test_a_gin_of_arrays_says_what_it_takes() -> None:
    table = make_table("u", "tags _text, labels int4range", rows=100)
    definition = IndexDefinition("ix", U.name, (IndexKey("tags"),), method="gin")
    (remedy, *_) = plan(make_snapshot(table), CreateIndex(definition)).remedies
    assert remedy.warning.startswith("An element of tags that takes over 2,700 bytes")
