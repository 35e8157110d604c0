"""Statements at risk: what is named, what is left out for their sake, and what is taken all the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from pgwright.advisor.advisor import advise
from pgwright.advisor.goal import Goal
from pgwright.advisor.risks import cost_of_dependence, is_grave
from pgwright.embedded import EmbeddedServer
from pgwright.model.advice import Advice, Risk
from pgwright.model.snapshot import Snapshot
from pgwright.model.statement import Statement
from pgwright.snapshot import read_snapshot
from pgwright.twin.twin import Twin, open_twin
from tests.support.database import Database

SCHEMA = """
CREATE TABLE large (id int PRIMARY KEY, filler text);
CREATE TABLE small (id int PRIMARY KEY, email text, filler text);
CREATE TABLE parent (id int PRIMARY KEY, kind int, filler text);
CREATE TABLE child (id int PRIMARY KEY, parent_id int, filler text);
INSERT INTO large SELECT i, repeat('x', 200) FROM generate_series(1, 40000) i;
INSERT INTO small SELECT i, 'a' || i, repeat('x', 100) FROM generate_series(1, 5000) i;
INSERT INTO parent SELECT i, i % 7, repeat('x', 40) FROM generate_series(1, 10000) i;
INSERT INTO child SELECT i, 1 + i * 7919 % 10000, repeat('x', 300) FROM generate_series(1, 60000) i;
VACUUM ANALYZE;
"""
# The planner takes each condition on a function for 0.5 % of the rows: the loop over the children runs 100 times.
GUESSED = (
    "SELECT * FROM parent p JOIN child c ON c.parent_id = p.id WHERE length(p.filler) = 40 OR length(p.filler) = 41"
)
CHILDREN = "SELECT * FROM child WHERE parent_id = 9"
LOOKUP = "SELECT id FROM small WHERE email = 'a9'"
NARROW = Goal(methods=frozenset({"btree"}), most_keys=1, is_plain=True)


@pytest.fixture(scope="module")
def snapshot(server: EmbeddedServer) -> Iterator[Snapshot]:
    server.create_database("risks", template="template1")
    database = Database(server, "risks")
    database.execute(SCHEMA)
    yield read_snapshot(database.dsn)
    server.drop_database("risks")


@pytest.fixture(scope="module")
def twin(snapshot: Snapshot, twin_server: EmbeddedServer) -> Iterator[Twin]:
    with open_twin(snapshot, twin_server) as built:
        yield built


def advice_for(snapshot: Snapshot, twin: Twin, calls: dict[str, int], goal: Goal = NARROW) -> Advice:
    statements = tuple(
        Statement(number, text, "app", times, 20.0 * times, 20.0, 25.0, 0.0, times, 0, 0, 0)
        for number, (text, times) in enumerate(calls.items())
    )
    return advise(replace(snapshot, statements=statements), goal, twins=[twin])


@pytest.mark.parametrize(
    ("after", "tolerance", "expected"),
    [
        (50.0, 2.0, False),  # a clear gain, that stays when the loop costs twice
        (90.0, 2.0, False),
        (90.1, 9.0, True),  # no clear gain
        (120.0, 9.0, True),  # a loss
        (50.0, 1.9, True),
        (50.0, None, True),  # nobody knows how far it carries
    ],
)
def test_only_a_clear_gain_that_carries_is_not_grave(after: float, tolerance: float | None, expected: bool) -> None:
    risk = Risk(1, "SELECT 1", 1, 0.5, 100.0, after, "", tolerance, ("(email)",))
    assert is_grave(risk) is expected


def test_an_index_is_left_out_for_a_hot_statement_that_guesses_less_than_two_times_off_make_slower(
    snapshot: Snapshot, twin: Twin
) -> None:
    advice = advice_for(snapshot, twin, {GUESSED: 100})
    assert advice.indexes == ()
    assert advice.cost_after == advice.cost_before
    (risk,) = advice.risks
    assert risk.is_left_out
    assert (risk.text, risk.calls, risk.indexes) == (GUESSED, 100, ("(parent_id)",))
    assert risk.share == pytest.approx(1.0)
    assert risk.cost_after < risk.cost_before
    assert "for each row of others" in risk.reason


def test_it_is_taken_with_its_risk_named_when_risks_are(snapshot: Snapshot, twin: Twin) -> None:
    advice = advice_for(snapshot, twin, {GUESSED: 100}, replace(NARROW, takes_risks=True))
    (index,) = advice.indexes
    assert index.definition.columns == ("parent_id",)
    (risk,) = advice.risks
    assert not risk.is_left_out
    assert risk.cost_after * 100 == pytest.approx(advice.cost_after)


def test_it_is_taken_when_others_gain_more_than_the_statement_at_risk_weighs(snapshot: Snapshot, twin: Twin) -> None:
    advice = advice_for(snapshot, twin, {GUESSED: 1, CHILDREN: 100})
    (index,) = advice.indexes
    assert {served.text for served in index.serves} == {GUESSED, CHILDREN}
    (risk,) = advice.risks
    assert (risk.text, risk.is_left_out) == (GUESSED, False)


def test_an_index_without_risk_stays_beside_one_that_is_left_out(snapshot: Snapshot, twin: Twin) -> None:
    advice = advice_for(snapshot, twin, {GUESSED: 100, LOOKUP: 100})
    assert [one.definition.columns for one in advice.indexes] == [("email",)]
    assert [risk.text for risk in advice.risks if risk.is_left_out] == [GUESSED]


def test_a_clear_gain_is_no_risk(snapshot: Snapshot, twin: Twin) -> None:
    advice = advice_for(snapshot, twin, {LOOKUP: 100})
    assert len(advice.indexes) == 1
    assert advice.risks == ()


def test_a_loop_over_the_new_index_is_a_risk_while_few_more_rows_would_undo_its_gain(
    snapshot: Snapshot, twin: Twin
) -> None:
    """The loop runs 100 times here, 50 times there."""
    joined = "SELECT * FROM parent p JOIN child c ON c.parent_id = p.id WHERE length(p.filler) = 40"
    advice = advice_for(snapshot, twin, {GUESSED: 100}, replace(NARROW, takes_risks=True))
    (risk,) = advice.risks
    assert risk.cost_after < 0.9 * risk.cost_before
    assert risk.tolerance is not None
    assert 1.0 < risk.tolerance < 2.0
    surer = advice_for(snapshot, twin, {joined: 100})
    assert [one.definition.columns for one in surer.indexes] == [("parent_id",)]
    (risk,) = surer.risks
    assert not risk.is_left_out  # named, but no reason to do without
    assert risk.tolerance is not None
    assert 2.0 < risk.tolerance < 3.0
    sure = advice_for(snapshot, twin, {f"{joined} AND length(p.filler) < 50": 100})
    assert [one.definition.columns for one in sure.indexes] == [("parent_id",)]
    assert sure.risks == ()


def test_a_loop_over_rows_that_statistics_tell_of_is_none(snapshot: Snapshot, twin: Twin) -> None:
    known = "SELECT * FROM parent p JOIN child c ON c.parent_id = p.id WHERE p.id BETWEEN 100 AND 200"
    advice = advice_for(snapshot, twin, {known: 100})
    assert [one.definition.columns for one in advice.indexes] == [("parent_id",)]
    assert advice.risks == ()


def test_a_statement_that_is_slower_than_its_plan_says_has_little_to_lose(snapshot: Snapshot, twin: Twin) -> None:
    """It takes ten times as long for each unit of cost as the other one."""
    calls = {GUESSED: 100, LOOKUP: 100}
    even = advice_for(snapshot, twin, calls, replace(NARROW, takes_risks=True))
    assert [risk.text for risk in even.risks] == [GUESSED]
    cost = {text: even_cost(even, text) for text in calls}
    slow = dict(zip(calls, (cost[GUESSED] * 0.1, cost[LOOKUP] * 0.01), strict=True))
    advice = advise(with_times(snapshot, slow), replace(NARROW, takes_risks=True), twins=[twin])
    assert advice.risks == ()
    as_planned = {text: value * 0.01 for text, value in cost.items()}
    advice = advise(with_times(snapshot, as_planned), replace(NARROW, takes_risks=True), twins=[twin])
    assert [risk.text for risk in advice.risks] == [GUESSED]


def test_bitmaps_of_conditions_that_go_together_are_told_from_others() -> None:
    """Each room is in one house, and the planner multiplies the shares of both."""
    names = ("ix_room", "ix_house")
    bitmaps = [{"Node Type": "Bitmap Index Scan", "Index Name": name, "Plan Rows": 60} for name in names]
    both = {"Node Type": "BitmapAnd", "Plan Rows": 1, "Plans": bitmaps}
    heap = {"Node Type": "Bitmap Heap Scan", "Plan Rows": 1, "Total Cost": 12.0, "Plans": [both]}
    root = {"Node Type": "Limit", "Plan Rows": 1, "Plans": [heap]}
    assert cost_of_dependence(root, {"ix_house"}, 60.0) == pytest.approx(12 * 59)
    assert cost_of_dependence(root, {"ix_house"}, 3.0) == 0  # as many as expected
    assert cost_of_dependence(root, {"ix_other"}, 60.0) == 0
    assert cost_of_dependence({**heap, "Plans": bitmaps[:1]}, {"ix_room"}, 60.0) == 0
    joined = {"Node Type": "Nested Loop", "Plan Rows": 60, "Plans": [heap]}
    assert cost_of_dependence(joined, {"ix_house"}, 60.0) == 0  # the join makes as many of them
    assert cost_of_dependence({**joined, "Plan Rows": 1}, {"ix_house"}, 60.0) > 0


def even_cost(advice: Advice, text: str) -> float:
    return next(served.cost_before for index in advice.indexes for served in index.serves if served.text == text)


def with_times(snapshot: Snapshot, mean_ms: dict[str, float]) -> Snapshot:
    """Return it with statements of a hundred calls that take so long each."""
    statements = tuple(
        Statement(number, text, "app", 100, 100 * mean, mean, mean, 0.0, 100, 0, 0, 0)
        for number, (text, mean) in enumerate(mean_ms.items())
    )
    return replace(snapshot, statements=statements)
