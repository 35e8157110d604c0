"""What the advisor is asked for is what it does: weights, limits, kinds of index, and how existing ones take part."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from pgwright.advisor.advisor import advise
from pgwright.advisor.goal import Goal, Weights
from pgwright.embedded import EmbeddedServer
from pgwright.model.advice import Advice, CurvePoint
from pgwright.model.names import QualifiedName
from pgwright.model.snapshot import Snapshot
from pgwright.model.statement import Statement
from pgwright.snapshot import read_snapshot
from pgwright.twin.priced import read_workload
from pgwright.twin.twin import Twin, open_twins
from tests.support.database import Database

SCHEMA = """
CREATE EXTENSION pg_trgm;
CREATE TABLE item (id int PRIMARY KEY, email text, owner int, status text, title text, tags text[], seq bigint, a int,
                   b int, filler text);
INSERT INTO item SELECT i, 'A' || i || '@example.org', i % 900, CASE WHEN i % 400 = 0 THEN 'draft' ELSE 'live' END,
    md5(i::text), ARRAY['t' || i % 2000, 'u' || i % 3000], i, i % 700, i % 800, repeat('x', 150)
    FROM generate_series(1, 30000) i;
CREATE TABLE log (id int PRIMARY KEY, a int, b int, c int, code int UNIQUE, filler text);
INSERT INTO log SELECT i, i % 50, i % 3000, i % 7, i, repeat('x', 100) FROM generate_series(1, 20000) i;
CREATE INDEX log_c ON log (c);
CREATE INDEX log_c_too ON log (c);
CREATE INDEX log_b_c ON log (b, c);
CREATE INDEX log_b ON log (b);
CREATE INDEX log_code ON log (code);
CREATE INDEX log_a ON log (a);
CREATE UNIQUE INDEX log_a_id ON log (a, id);
CREATE TABLE entry (id int PRIMARY KEY, who int, at int, code int, filler text);
INSERT INTO entry SELECT i, i % 40, (i * 7919) % 30011, i, repeat('x', 100) FROM generate_series(1, 30000) i;
CREATE INDEX entry_who ON entry (who);
CREATE UNIQUE INDEX entry_code ON entry (code);
CREATE TABLE pass (id int PRIMARY KEY, token int, at int);
INSERT INTO pass SELECT i, i, (i * 7919) % 30011 FROM generate_series(1, 30000) i;
CREATE INDEX pass_token ON pass (token);
VACUUM ANALYZE;
"""
BY_EMAIL = "SELECT * FROM item WHERE email = 'A7@example.org'"
BY_OWNER = "SELECT * FROM item WHERE owner = 7"
BY_TWO = "SELECT id FROM item WHERE a = 7 AND b = 7"
NEWEST = "SELECT * FROM entry WHERE who = 7 ORDER BY at LIMIT 3"
TREES = Goal(methods=frozenset({"btree"}), is_plain=True)


@pytest.fixture(scope="module")
def snapshot(server: EmbeddedServer) -> Iterator[Snapshot]:
    server.create_database("goal", template="template1")
    database = Database(server, "goal")
    database.execute(SCHEMA)
    yield read_snapshot(database.dsn)
    server.drop_database("goal")


@pytest.fixture(scope="module")
def twins(snapshot: Snapshot, twin_server: EmbeddedServer) -> Iterator[tuple[Twin, ...]]:
    with open_twins(snapshot, 2, twin_server) as built:
        yield built


Ask = Callable[..., Advice]


def statement(text: str, *, calls: int = 10, ms: float = 200.0, rows: int = 10) -> Statement:
    return Statement(hash(text), text, "app", calls, ms, ms / max(calls, 1), ms, 0.0, rows, 0, 0, 0)


@pytest.fixture
def ask(snapshot: Snapshot, twins: tuple[Twin, ...]) -> Ask:
    def run(*statements: Statement | str, goal: Goal = TREES, **changes: object) -> Advice:
        every = tuple(statement(one) if isinstance(one, str) else one for one in statements)
        return advise(replace(snapshot, statements=every, **changes), goal, twins=twins)  # type: ignore[arg-type]

    return run


def planned(twins: tuple[Twin, ...], text: str) -> float:
    twins[0].clear()
    return twins[0].explain(text).total_cost


def outlines(advice: Advice) -> list[str]:
    return [one.definition.outline for one in advice.indexes]


def test_statements_count_as_the_goal_says(ask: Ask, twins: tuple[Twin, ...]) -> None:
    """One is called often and takes little time, the other one the reverse; there is room for one index."""
    often, slow = statement(BY_EMAIL, calls=100, ms=50.0), statement(BY_OWNER, calls=2, ms=900.0)
    costs = planned(twins, BY_EMAIL), planned(twins, BY_OWNER)
    sizes = {one.definition.columns: one.size_bytes for one in ask(often, slow).indexes}
    room = max(sizes.values())
    assert sum(sizes.values()) > room
    expected: dict[Weights, float] = {"calls": 100 * costs[0] + 2 * costs[1], "time": 950.0, "equal": sum(costs)}
    for weights, before in expected.items():
        advice = ask(often, slow, goal=replace(TREES, weights=weights, budget_bytes=room))
        assert advice.cost_before == pytest.approx(before), weights
        (index,) = advice.indexes
        assert index.size_bytes <= room
        if weights != "equal":
            assert index.definition.columns == (("email",) if weights == "calls" else ("owner",))


def test_the_next_index_must_save_the_least_gain(ask: Ask) -> None:
    often, seldom = statement(BY_EMAIL, calls=95), statement(BY_OWNER, calls=5)
    assert len(ask(often, seldom).indexes) == 2
    assert outlines(ask(often, seldom, goal=replace(TREES, least_gain=0.2))) == ["(email)"]
    assert ask(often, seldom, goal=replace(TREES, least_gain=0.99)).indexes == ()


def test_only_the_kinds_and_keys_that_are_wanted(ask: Ask) -> None:
    texts = (BY_TWO, "SELECT id FROM item WHERE tags @> ARRAY['t7']", "SELECT id FROM item WHERE lower(email) = 'a7'")
    anything = ask(*texts, goal=Goal())
    assert {one.definition.method for one in anything.indexes} == {"btree", "gin"}
    trees = ask(*texts, goal=Goal(methods=frozenset({"btree"})))
    assert {one.definition.method for one in trees.indexes} == {"btree"}
    assert any(one.definition.keys[0].expression for one in trees.indexes)
    single = ask(*texts, goal=replace(TREES, most_keys=1))
    assert single.indexes
    assert all(len(one.definition.columns) == 1 and not one.definition.include for one in single.indexes)
    assert outlines(ask(BY_TWO)) in (["(a, b)"], ["(b, a)"])


@pytest.mark.parametrize(
    ("text", "rows", "goal", "expected"),
    [
        ("SELECT * FROM item WHERE tags @> $1", 150, Goal(), "USING gin (tags)"),
        ("SELECT * FROM item WHERE title LIKE '%' || $1 || '%'", 10, Goal(), "USING gin (title gin_trgm_ops)"),
        ("SELECT * FROM item WHERE seq BETWEEN $1 AND $2", 4_000, Goal(budget_bytes=65_536), "USING brin (seq)"),
        ("SELECT * FROM item WHERE lower(email) = $1", 10, Goal(), "((lower(email)))"),
        (
            "SELECT * FROM item WHERE status = 'draft' ORDER BY a LIMIT 10",
            100,
            Goal(budget_bytes=65_536),
            "(a) WHERE status = 'draft'",
        ),
        ("SELECT sum(a), count(title) FROM item WHERE owner < $1", 10, Goal(), "(owner) INCLUDE"),
    ],
)
def test_every_kind_of_index_comes_out_of_the_whole_chain(
    ask: Ask, text: str, rows: int, goal: Goal, expected: str
) -> None:
    advice = ask(statement(text, rows=rows), goal=goal)
    (index,) = advice.indexes
    assert index.definition.outline.startswith(expected)
    (changed,) = advice.changed
    assert index.definition.name in changed.plan_after
    assert index.definition.name not in changed.plan_before
    assert changed.cost_before == pytest.approx(advice.cost_before / 10)
    assert changed.cost_after == pytest.approx(advice.cost_after / 10)


def test_redundant_indexes_go_and_one_of_each_kind_stays(ask: Ask) -> None:
    """Of two duplicates one goes; a unique index goes never, and lets go what it does the work of."""
    advice = ask(BY_EMAIL)
    gone = {drop.name.name: drop.covered_by for drop in advice.drops}
    duplicates = gone.keys() & {"log_c", "log_c_too"}
    assert len(duplicates) == 1
    assert gone[duplicates.pop()] in ("log_c", "log_c_too")
    assert gone["log_b"] == "log_b_c"
    assert gone["log_a"] == "log_a_id"
    assert gone["log_code"] == "log_code_key"
    assert gone.keys() <= {"log_c", "log_c_too", "log_b", "log_a", "log_code"}
    assert all(drop.sql.startswith("CREATE INDEX") and drop.size_bytes > 0 for drop in advice.drops)


def test_an_index_goes_that_an_advised_one_replaces(ask: Ask) -> None:
    advice = ask(NEWEST)
    (index,) = advice.indexes
    assert index.definition.columns == ("who", "at")
    assert index.replaces == (QualifiedName("public", "entry_who"),)
    (drop,) = (drop for drop in advice.drops if drop.table.name == "entry")
    assert (drop.name.name, drop.covered_by) == ("entry_who", "(who, at)")


def test_no_index_goes_for_one_that_saves_next_to_nothing_more(ask: Ask) -> None:
    """The gain of the new one is not what both save: the other one is there."""
    advice = ask("SELECT * FROM pass WHERE token = 7 ORDER BY at DESC LIMIT 20", BY_EMAIL, BY_OWNER)
    assert "pass" not in {one.definition.table.name for one in advice.indexes}
    assert "pass_token" not in {drop.name.name for drop in advice.drops}


def test_an_index_stays_that_a_statement_is_cheaper_by(ask: Ask) -> None:
    """The narrow one is worth keeping beside nothing else: no advice, no drop."""
    advice = ask("SELECT count(*) FROM entry WHERE who = 7")
    assert advice.indexes == ()
    assert not [drop for drop in advice.drops if drop.table.name == "entry"]


def test_a_unique_index_is_never_replaced(ask: Ask) -> None:
    advice = ask("SELECT code, at FROM entry WHERE code BETWEEN 5 AND 900 ORDER BY code, at", goal=Goal())
    assert "entry_code" not in {drop.name.name for drop in advice.drops}


def test_the_curve_begins_with_nothing_and_ends_with_the_advice(ask: Ask) -> None:
    advice = ask(statement(BY_EMAIL, calls=50), BY_OWNER, BY_TWO, NEWEST)
    assert advice.curve[0] == CurvePoint(0, advice.cost_before, "")
    assert advice.curve[-1].cost == pytest.approx(advice.cost_after)
    assert advice.curve[-1].size_bytes == sum(one.size_bytes for one in advice.indexes)
    costs = [step.cost for step in advice.curve]
    assert costs == sorted(costs, reverse=True)
    assert {step.added for step in advice.curve[1:]} == {
        f"{one.definition.table.short} {one.definition.outline}" for one in advice.indexes
    }


def test_skewed_values_are_priced_one_by_one(ask: Ask, snapshot: Snapshot, twins: tuple[Twin, ...]) -> None:
    skewed = statement("SELECT * FROM item WHERE status = $1", calls=10, rows=0)
    twins[0].clear()
    (priced,) = read_workload(replace(snapshot, statements=(skewed,)), twins[0]).statements
    assert {case.values for case in priced.cases} >= {("draft",), ("live",)}
    cost = sum(case.weight * twins[0].explain(skewed.text, case.values).total_cost for case in priced.cases)
    advice = ask(skewed)
    assert advice.cost_before == pytest.approx(10 * cost)
    assert advice.statements == 1


def test_updates_that_would_no_longer_be_hot_are_shown_and_charged(ask: Ask, snapshot: Snapshot) -> None:
    """80 % of the updates are HOT. Of 1,000 that set the column of the new index, 800 are lost to the other index."""
    tables = tuple(
        replace(table, rows_updated=1_000, rows_hot_updated=800) if table.name.name == "item" else table
        for table in snapshot.tables
    )
    update = statement("UPDATE item SET email = $1 WHERE id = $2", calls=1_000, rows=1_000)
    reads = statement(BY_EMAIL, calls=100)
    (free,) = ask(reads, tables=tables).indexes
    assert (free.hot_updates_lost, free.write_cost) == (0, 0.0)
    (found,) = ask(reads, update, tables=tables).indexes
    assert (found.hot_updates_lost, found.writes) == (800, 1_800)
    assert found.write_cost > 1_000
    assert found.gain == pytest.approx(free.gain - found.write_cost, rel=0.01)


def test_the_share_that_could_not_be_planned_is_told(ask: Ask) -> None:
    advice = ask(statement("SELECT * FROM gone", ms=30.0), statement(BY_EMAIL, ms=10.0))
    assert advice.unplanned_share == pytest.approx(0.75)
    assert outlines(advice) == ["(email)"]


def test_a_deadline_of_nothing_gives_an_answer(ask: Ask) -> None:
    advice = ask(BY_EMAIL, BY_OWNER, goal=replace(TREES, deadline_seconds=0.0))
    assert advice.ended == "unanswered"
    assert advice.cost_after <= advice.cost_before


def test_control_c_gives_the_best_so_far(snapshot: Snapshot, twins: tuple[Twin, ...]) -> None:
    def interrupt(what: str, done: int = 0, total: int = 0) -> None:
        if what.startswith("saves"):
            raise KeyboardInterrupt

    workload = replace(snapshot, statements=(statement(BY_EMAIL), statement(NEWEST)))
    advice = advise(workload, TREES, twins=twins, progress=interrupt)
    assert advice.ended == "interrupted"
    assert "(email)" in outlines(advice)
    assert advice.cost_after < advice.cost_before
