"""An advice as its reader meets it: what comes first, what each index says, what is never hidden."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from pgwright.model.advice import Advice, CurvePoint
from pgwright.report import FORMATS, Format, Screen, render
from pgwright.report.advice.chart import PLOT_HEIGHT, cost_curve
from pgwright.report.advice.words import plan_changes
from pgwright.report.plot import PLOT_WIDTH
from tests.support import samples

FIRST = samples.ADVICE.indexes[0]
TEXTS: tuple[Format, ...] = ("terminal", "markdown", "html")


def text_of(advice: Advice, form: Format = "terminal", *, shows_all: bool = False) -> str:
    return " ".join(render(advice, form, Screen(width=140, shows_all=shows_all)).split())


@pytest.mark.parametrize("form", TEXTS)
def test_what_could_not_be_read_stands_above_the_first_figure(form: Format) -> None:
    text = text_of(samples.ADVICE, form)
    assert text.index("Could not be read: 41.0 % of the workload") < text.index("Planned cost of the workload")
    assert text.index("run ANALYZE public.events first") < text.index("Planned cost of the workload")
    assert text.index("ended at its deadline") < text.index("Planned cost of the workload")


@pytest.mark.parametrize("form", TEXTS)
def test_quiet_when_a_third_was_read_and_the_search_came_to_its_end(form: Format) -> None:
    text = text_of(replace(samples.ADVICE, unplanned_share=0.32, ended="complete"), form)
    assert "Could not be read" not in text
    assert "The search" not in text


def test_interrupted_search_says_so_first() -> None:
    text = text_of(replace(samples.ADVICE, ended="interrupted"))
    assert text.startswith("The search was interrupted: this is the best choice that it had found.")


@pytest.mark.parametrize("form", TEXTS)
def test_an_index_tells_its_price_and_the_next_best(form: Format) -> None:
    text = text_of(samples.ADVICE, form).replace("\\_", "_")
    assert "takes 4 s" in text
    assert "1,200 HOT updates lost" in text
    assert "INCLUDE (body) WHERE deleted_at IS NULL: 3.1 times the size, saves 0.2 % more of the workload" in text
    assert "the same size, saves as much" in text


@pytest.mark.parametrize("form", FORMATS)
def test_every_statement_to_run_is_shown_however_many_there_are(form: Format) -> None:
    many = tuple(replace(FIRST, definition=FIRST.definition.named(f"ix_{number}")) for number in range(40))
    text = render(replace(samples.ADVICE, indexes=many), form, Screen(width=140))
    assert all(f"CONCURRENTLY ix_{number} " in text for number in range(40))


def test_terminal_cuts_long_lists_and_all_shows_them() -> None:
    cut, whole = text_of(samples.ADVICE), text_of(samples.ADVICE, shows_all=True)
    assert "… and 2 more plans; --all shows everything." in cut
    assert "… and 4 more statements" in cut
    assert "--all shows" not in whole
    assert "SELECT 5 FROM messages" in whole
    assert "SELECT 5 FROM messages" not in cut


def test_no_index_is_an_answer_too() -> None:
    nothing = replace(
        samples.ADVICE, indexes=(), drops=(), changed=(), risks=(), curve=(), cost_after=samples.ADVICE.cost_before
    )
    none = "None of 31 candidates is worth its price within the budget of 32.0 MB"
    for form in TEXTS:
        assert f"{none}, as far as could be looked at: 41.0 % of" in text_of(nothing, form)
    assert "pgwright fix" not in text_of(nothing)


def test_empty_workload_divides_by_nothing() -> None:
    empty = replace(samples.ADVICE, cost_before=0.0, cost_after=0.0, curve=(CurvePoint(0, 0.0, ""),) * 3)
    assert "(0.0 % less)" in text_of(empty)
    assert cost_curve(empty) is None


def test_plan_marks_only_what_changed() -> None:
    lines = plan_changes("Limit\n  Sort\n    Seq Scan on t", "Limit\n  Index Scan using i on t")
    assert [f"{line.mark}{line.text}" for line in lines] == [
        " Limit",
        "-  Sort",
        "-    Seq Scan on t",
        "+  Index Scan using i on t",
    ]
    page = render(samples.ADVICE, "html")
    assert '<span class="gone">-   Sort</span>' in page
    assert '<span class="new">+   Index Scan using' in page


def test_curve_falls_from_the_whole_cost_within_the_plot() -> None:
    curve = cost_curve(samples.ADVICE)
    assert curve is not None
    assert (curve.points[0].x, curve.points[0].y) == (0, 0)
    assert [point.x for point in curve.points] == sorted(point.x for point in curve.points)
    assert all(0 <= point.x <= PLOT_WIDTH and 0 <= point.y <= PLOT_HEIGHT for point in curve.points)
    assert curve.points[-1].y == pytest.approx(PLOT_HEIGHT * (1 - 2.5 / 14), abs=0.1)
    assert curve.budget_x == pytest.approx(PLOT_WIDTH)
    assert [tick.label for tick in curve.ticks] == ["0 B", "8 MB", "16 MB", "24 MB", "32 MB"]
    assert "From 100 %" in curve.text


def test_two_points_are_no_curve() -> None:
    assert cost_curve(replace(samples.ADVICE, curve=samples.ADVICE.curve[:2])) is None


def test_json_holds_the_whole_advice() -> None:
    document = json.loads(render(samples.ADVICE, "json"))
    first = document["indexes"][0]
    assert first["lock"].startswith("SHARE UPDATE EXCLUSIVE")
    assert first["build_seconds"] == 4.2
    assert first["runner_up"]["sql"].endswith("INCLUDE (body) WHERE deleted_at IS NULL")
    assert document["drops"][0]["name"] == "public.ix_messages_conversation_id"
    assert document["saved_share"] == pytest.approx(1 - 2.5 / 14)
    assert [risk["is_left_out"] for risk in document["risks"]] == [False, True]
    assert document["curve"][1]["added"] == samples.INDEX.outline
    assert document["changed"][0]["plan_before"].startswith("Limit")
    assert (document["ended"], document["unplanned_share"]) == ("deadline", 0.41)


def test_all_is_well_is_said_only_when_all_was_looked_at() -> None:
    nothing = replace(
        samples.ADVICE, indexes=(), drops=(), candidates=0, unplanned=(), unplanned_share=0.0, ended="complete"
    )
    fine = "No index would serve a statement of this workload better"
    assert f"{fine}." in text_of(nothing)
    late = text_of(replace(nothing, ended="deadline", unsearched_share=0.3))
    assert f"{fine}, as far as could be looked at: 30.0 % of the workload's time could not." in late
    unread = replace(nothing, statements=0, unplanned=samples.ADVICE.unplanned, unplanned_share=1.0)
    assert fine not in text_of(unread)
    assert fine not in text_of(replace(nothing, statements=0))
    assert "The deadline came before any index was tried" in text_of(replace(nothing, ended="unanswered"))
