"""What a check proposes to drop, `fix` drops; and whatever goes, something that does its work stays."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace

from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from pgwright.indexes.coverage import is_served, searches_as
from pgwright.model.change import DropIndex
from pgwright.model.finding import Finding
from pgwright.model.fix import Fix
from pgwright.model.index import Index, IndexKey
from pgwright.model.names import QualifiedName
from pgwright.model.snapshot import Snapshot
from pgwright.remedies import make_fix
from pgwright.snapshot import read_snapshot
from tests.support.builders import make_foreign_key, make_index, make_snapshot, make_table, run
from tests.support.database import Database

CHECKS = ("duplicate-index", "redundant-index", "unused-index", "invalid-index")
COLUMNS = "id bigint NOT NULL, a integer NOT NULL, b integer, s text"
TABLES = (
    make_table("parent", "id bigint NOT NULL"),
    make_table("t", COLUMNS, rows=5_000),
    make_table("p", COLUMNS, kind="partitioned table"),
    make_table("p_1", COLUMNS, parent="p", rows=5_000),
    make_table("p_2", COLUMNS, parent="p", rows=5_000),
)
PREDICATES = (None, None, None, "(b IS NOT NULL)", "(a IS NOT NULL)", "(s = 'new'::text)", "s = 'new'", "(b > 5)")

keys = st.lists(st.sampled_from(["a", "b", "s"]), min_size=1, max_size=3, unique=True)
turned = st.lists(st.booleans(), min_size=3, max_size=3)


@st.composite
def indexes(draw: st.DrawFn, table: str, name: str) -> Index:
    """Draw an index as a server could have it."""
    method = draw(st.sampled_from(["btree"] * 6 + ["hash", "gin", "gist"]))
    columns = draw(keys)[: 1 if method == "hash" else 3]
    directions = draw(turned) if method == "btree" and draw(st.booleans()) else [False] * 3
    is_unique = method == "btree" and draw(st.integers(0, 4)) == 0
    is_deferrable = is_unique and draw(st.integers(0, 3)) == 0
    is_valid = draw(st.integers(0, 5)) > 0
    return make_index(
        name if is_valid else f"{name}{draw(st.sampled_from(['', '_ccnew', '_ccnew1']))}",
        table,
        [IndexKey(column, is_descending=down) for column, down in zip(columns, directions, strict=False)],
        method=method,
        include=draw(st.sampled_from([(), (), ("id",), ("b",)])) if method == "btree" else (),
        predicate=None if is_deferrable else draw(st.sampled_from(PREDICATES)),
        is_unique=is_unique,
        is_deferrable=is_deferrable,
        nulls_not_distinct=is_unique and draw(st.booleans()),
        constraint=name if is_deferrable else None,
        is_valid=is_valid,
        is_replica_identity=is_unique and is_valid and not is_deferrable and draw(st.integers(0, 3)) == 0,
        scans=draw(st.sampled_from([0, 0, 3, 7])),
        size_bytes=draw(st.sampled_from([8192, 8192, 80_000])),
    )


def with_parts(index: Index, scans: Sequence[int]) -> list[Index]:
    """Return the index of the partitioned table with its parts."""
    parts = [
        replace(
            index,
            name=QualifiedName("public", f"{index.name.name}_{n}"),
            definition=replace(
                index.definition, name=f"{index.name.name}_{n}", table=QualifiedName("public", f"p_{n}")
            ),
            parent=index.name,
            scans=scans[n - 1],
        )
        for n in (1, 2)
    ]
    return [index, *parts]


@st.composite
def snapshots(draw: st.DrawFn) -> Snapshot:
    names = (f"ix{n}" for n in itertools.count())
    found = [draw(indexes("t", next(names))) for _ in range(draw(st.integers(0, 6)))]
    for _ in range(draw(st.integers(0, 3))):
        whole = draw(indexes("p", next(names)))
        found += with_parts(whole, draw(st.tuples(st.sampled_from([0, 0, 5]), st.sampled_from([0, 0, 5]))))
    for leaf in ("p_1", "p_2"):
        found += [draw(indexes(leaf, next(names))) for _ in range(draw(st.integers(0, 3)))]
    referring = draw(
        st.lists(st.tuples(st.sampled_from(["t", "p", "p_1"]), st.sampled_from(["a", "b", "b, a"])), max_size=2)
    )
    ends = {"a": "id", "b": "id", "b, a": "id, id"}
    foreign_keys = [make_foreign_key(table, columns, "parent", ends[columns]) for table, columns in referring]
    foreign_keys += [  # the server puts a copy on each partition
        make_foreign_key(leaf, columns, "parent", ends[columns], is_inherited=True)
        for table, columns in referring
        for leaf in ("p_1", "p_2")
        if table == "p"
    ]
    return make_snapshot(*TABLES, *found, *foreign_keys)


def found_by_checks(snapshot: Snapshot) -> list[Finding]:
    return [finding for check in CHECKS for finding in run(check, snapshot)]


def drops(findings: Sequence[Finding]) -> set[QualifiedName]:
    return {change.name for finding in findings for change in finding.changes if isinstance(change, DropIndex)}


def dropped(plan: Fix) -> set[QualifiedName]:
    return {remedy.change.name for remedy in plan.remedies if isinstance(remedy.change, DropIndex)}


def without(snapshot: Snapshot, names: set[QualifiedName]) -> Snapshot:
    """Return the snapshot as it is when these indexes are dropped."""
    return replace(
        snapshot, indexes=tuple(one for one in snapshot.indexes if one.name not in names and one.parent not in names)
    )


many = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


def show(snapshot: Snapshot) -> None:
    """Let a failure tell the indexes in few words."""
    for one in snapshot.indexes:
        traits = [name for name in ("is_unique", "is_deferrable") if getattr(one.definition, name)]
        traits += [name for name in ("is_replica_identity",) if getattr(one, name)] + [f"{one.scans} scans"]
        traits += [] if one.is_valid else ["invalid"]
        note(f"{one.name.name} ON {one.table.name} {one.definition.outline}; {', '.join(traits)}; part of {one.parent}")
    for key in snapshot.foreign_keys:
        note(f"{key.table.name} {key.definition}")


@many
@given(snapshots())
def test_every_drop_that_a_check_asks_for_alone_is_written(snapshot: Snapshot) -> None:
    show(snapshot)
    for finding in found_by_checks(snapshot):
        plan = make_fix(snapshot, [finding])
        assert (plan.refused, dropped(plan)) == ((), drops([finding]))


@many
@given(snapshots())
def test_whatever_goes_something_that_does_its_work_stays(snapshot: Snapshot) -> None:
    show(snapshot)
    findings = found_by_checks(snapshot)
    plan = make_fix(snapshot, findings)
    gone = dropped(plan)
    assert plan.refused == ()
    assert gone == drops(findings)
    after = without(snapshot, gone)
    useless = drops([finding for finding in findings if finding.check in ("unused-index", "invalid-index")])
    by_name = {index.name: index for index in snapshot.indexes}
    for name in gone - useless:
        index = by_name[name]
        table = snapshot.table_by_name[index.table]
        rest = [one for one in after.indexes_by_table.get(index.table, ()) if one.is_valid]
        assert any(searches_as(one.definition, index.definition, table) for one in rest)
    for key in snapshot.foreign_keys:
        if is_served(snapshot, key):
            assert is_served(after, key)


@many
@given(snapshots())
def test_what_is_left_after_the_drops_is_left_alone(snapshot: Snapshot) -> None:
    show(snapshot)
    findings = [finding for check in CHECKS[:2] for finding in run(check, snapshot)]
    after = without(snapshot, dropped(make_fix(snapshot, findings)))
    assert not drops([finding for check in CHECKS[:2] for finding in run(check, after)])


def test_of_two_that_could_replace_each_other_one_is_named() -> None:
    indexes = [make_index(name, "t", keys) for name, keys in (("x", "a"), ("y", "a DESC"), ("z", "a"))]
    for order in itertools.permutations(indexes):
        assert drops(found_by_checks(make_snapshot(*TABLES, *(replace(one, scans=1) for one in order)))) == {
            QualifiedName("public", "y"),
            QualifiedName("public", "z"),
        }


SHOP = """
CREATE TABLE users (id int PRIMARY KEY, email varchar(99) NOT NULL);
CREATE TABLE orders (
    id int PRIMARY KEY, user_id int REFERENCES users, a int NOT NULL, b int, status varchar(9), tags int[],
    CONSTRAINT later UNIQUE (a, id) DEFERRABLE);
CREATE INDEX ix_a_desc ON orders (a DESC);
CREATE INDEX ix_a_b ON orders (a, b);
CREATE INDEX ix_a_hash ON orders USING hash (a);
CREATE INDEX ix_a_filled ON orders (a) WHERE a IS NOT NULL;
CREATE INDEX ix_new ON orders (id) WHERE status = 'new';
CREATE INDEX ix_new_again ON orders (id DESC) WHERE (status IN ('new'));
CREATE UNIQUE INDEX uq_at_once ON orders (a, id);
CREATE INDEX ix_user ON orders (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX ix_user_b ON orders (user_id, b);
CREATE INDEX ix_tags ON orders USING gin (tags);
CREATE TABLE event (id int, at date, user_id int REFERENCES users) PARTITION BY RANGE (at);
CREATE TABLE event_1 PARTITION OF event FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE INDEX ix_event ON event (user_id);
CREATE INDEX ix_own ON event_1 (user_id);
CREATE UNIQUE INDEX uq_email ON users (email);
CREATE UNIQUE INDEX uq_email_ccnew ON users (email);
UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'uq_email_ccnew'::regclass;
INSERT INTO users SELECT n, 'e' || n FROM generate_series(1, 3000) n;
INSERT INTO orders SELECT n, n, n, n, 'new' FROM generate_series(1, 3000) n;
ANALYZE
"""


def test_a_server_has_every_drop_carried_out_and_is_left_alone_then(database: Database) -> None:
    database.execute(SHOP)
    before = read_snapshot(database.dsn)
    findings = found_by_checks(before)
    assert {name.name for name in drops(findings)} == {
        "ix_a_desc", "ix_a_hash", "ix_a_filled", "ix_new_again", "ix_user", "ix_own", "uq_email_ccnew",
    }  # fmt: skip
    for finding in findings:
        assert dropped(make_fix(before, [finding])) == drops([finding])
    assert all(finding.changes for finding in findings)
    plan = make_fix(before, findings)
    assert plan.refused == ()
    for remedy in plan.remedies:
        for step in remedy.upgrade:
            database.execute(step.sql)
    after = read_snapshot(database.dsn)
    assert {index.name for index in before.indexes} - {index.name for index in after.indexes} == drops(findings)
    assert drops(found_by_checks(after)) == set()
