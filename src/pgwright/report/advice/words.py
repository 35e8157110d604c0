"""What an advice comes to, in words and lines that every format shares."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

from pgwright.figures import cost, count, duration, share, size
from pgwright.model.advice import Advice, ChangedStatement, IndexAdvice, Risk, ServedStatement
from pgwright.report.advice.chart import Curve, cost_curve

# From this share of the workload's time on, what could not be read is said before anything else.
ALARMING_SHARE = 1 / 3
# Two sizes that differ by less are the same for whoever chooses between them.
_SAME_SIZE = 0.05
_SAME_GAIN = 0.00005


@dataclass(frozen=True)
class PlanLine:
    """One line of a plan before or after; it is gone ("-"), new ("+") or in both (" ")."""

    mark: Literal["-", "+", " "]
    text: str


def alarms(advice: Advice) -> tuple[str, ...]:
    """Return what a reader has to know before any figure, in sentences."""
    return tuple(_alarms(advice))


def _alarms(advice: Advice) -> Iterator[str]:
    if advice.ended == "interrupted":
        yield "The search was interrupted: this is the best choice that it had found."
    elif advice.ended == "deadline":
        yield (
            f"The search ended at its deadline, after {duration(advice.seconds)}, with the best choice so far: "
            "a longer --deadline may find a better one."
        )
    elif advice.ended == "unanswered":
        yield "The deadline came before any index was tried: give it a longer --deadline."
    if advice.unsearched_share and advice.ended != "unanswered":
        yield f"No index was tried for {share(advice.unsearched_share)} of the time: the deadline came first."
    if advice.beyond_share:
        yield f"Not planned: {share(advice.beyond_share)} of the time, in statements that take less than the others."
    if advice.unplanned_share >= ALARMING_SHARE:
        yield f"Could not be read: {share(advice.unplanned_share)} of the workload's time; this advice is for the rest."
    yield from filter(_asks_for_statistics, advice.limits)


def limits(advice: Advice) -> tuple[str, ...]:
    """Return what the twin cannot know, without what stands among the alarms."""
    return tuple(limit for limit in advice.limits if not _asks_for_statistics(limit))


def _asks_for_statistics(limit: str) -> bool:
    # Costs of a table without statistics are guesses, so whatever asks for them comes first.
    return "ANALYZE" in limit


def summary(advice: Advice) -> tuple[str, ...]:
    """Return the figures of the whole choice, in sentences."""
    return tuple(_summary(advice))


def _summary(advice: Advice) -> Iterator[str]:
    if not advice.indexes:
        yield _why_none(advice)
    yield (
        f"Planned cost of the workload {cost(advice.cost_before)} → {cost(advice.cost_after)} "
        f"({share(saved(advice))} less)."
    )
    budget = "" if advice.budget_bytes is None else f" of a budget of {size(advice.budget_bytes)}"
    if advice.indexes:
        yield f"Size of all advised indexes: {size(total_bytes(advice))}{budget} (estimated)."
    if advice.drops:
        freed = sum(drop.size_bytes for drop in advice.drops)
        yield f"{count(len(advice.drops), 'existing index')} can go: {size(freed)} (read)."
    if advice.objective:
        yield f"Asked for: {advice.objective.rstrip('.')}."


def _why_none(advice: Advice) -> str:
    """Return why no index is advised; that all is well only as far as it was looked at."""
    if not advice.statements:
        is_lost = advice.unplanned or advice.unsearched_share or advice.beyond_share
        return f"No statement {'could be looked at' if is_lost else 'of this workload reads a table'}."
    within = "" if advice.budget_bytes is None else f" within the budget of {size(advice.budget_bytes)}"
    none = f"None of {count(advice.candidates, 'candidate')} is worth its price{within}"
    fine = "No index would serve a statement of this workload better"
    return (none if advice.candidates else fine) + _of_the_rest(advice)


def _of_the_rest(advice: Advice) -> str:
    """Return the end of a sentence that says that all is well: with what it does not cover."""
    if not advice.unplanned and not advice.unsearched_share and not advice.beyond_share:
        return "."
    lost = share(advice.unplanned_share + advice.unsearched_share + advice.beyond_share)
    return f", as far as could be looked at: {lost} of the workload's time could not."


def saved(advice: Advice) -> float:
    """Return the share of the workload's planned cost that the advice saves."""
    return 1 - advice.cost_after / advice.cost_before if advice.cost_before else 0.0


def total_bytes(advice: Advice) -> int:
    """Return the estimated size of all advised indexes."""
    return sum(index.size_bytes for index in advice.indexes)


def effort(advice: Advice) -> str:
    """Return how much was tried, and how fast."""
    first = f", a first answer after {advice.first_answer_seconds:.1f} s" if advice.first_answer_seconds else ""
    return f"{count(advice.candidates, 'candidate')}, {count(advice.plans, 'plan')}, {duration(advice.seconds)}{first}."


def gain(index: IndexAdvice) -> str:
    """Return what the index saves."""
    return f"{share(index.gain_share)} of the workload's planned cost, writes subtracted"


def build(index: IndexAdvice) -> str:
    """Return the lock that building takes, and for how long, where that was estimated."""
    takes = f"; takes {duration(index.build_seconds)}" if index.build_seconds else ""
    return f"lock {index.lock}{takes}"


def write_price(index: IndexAdvice) -> str:
    """Return what keeping the index costs the writes."""
    lost = f"; {count(index.hot_updates_lost, 'HOT update')} lost" if index.hot_updates_lost else ""
    return f"{count(index.writes, 'entry')} since the statistics began, cost {cost(index.write_cost)}{lost}"


def next_best(index: IndexAdvice) -> str:
    """Return the runner-up with its price, or "" where there was none."""
    other = index.runner_up
    if other is None:
        return ""
    times = other.size_bytes / max(index.size_bytes, 1)
    larger = "the same size" if abs(times - 1) <= _SAME_SIZE else f"{times:.1f} times the size"
    more = other.gain_share - index.gain_share
    if abs(more) < _SAME_GAIN:
        return f"{other.definition.outline}: {larger}, saves as much"
    word = "more" if more > 0 else "less"
    return f"{other.definition.outline}: {larger}, saves {share(abs(more))} {word} of the workload's planned cost"


def costs(one: ServedStatement | ChangedStatement | Risk) -> str:
    """Return what the plan of one statement costs before and after, and how much of the workload it is."""
    return (
        f"cost {cost(one.cost_before)} → {cost(one.cost_after)}, {count(one.calls, 'call')}, "
        f"{share(one.share)} of the workload"
    )


def safety(risk: Risk) -> str:
    """Return how far the estimate may be off before the new plan is the slower one, and what was done about it."""
    said = []
    if risk.tolerance is not None:
        said.append(f"Its new plan stays cheaper until each estimate of a join is off {risk.tolerance:.1f} times.")
    if risk.is_left_out:
        said.append("--risky keeps the index.")
    return " ".join(said)


def risks(advice: Advice) -> Iterator[tuple[str, tuple[Risk, ...]]]:
    """Yield the statements that may become slower, then those for whose sake an index was left out; with a title."""
    kept = tuple(risk for risk in advice.risks if not risk.is_left_out)
    left_out = tuple(risk for risk in advice.risks if risk.is_left_out)
    for title, listed in (("Statements at risk", kept), ("Left out for a statement's sake", left_out)):
        if listed:
            yield title, listed


def plan_changes(before: str, after: str) -> tuple[PlanLine, ...]:
    """Return both plans as one list of lines: what is gone stands above what took its place.

    >>> [line.mark for line in plan_changes("Limit\\n  Sort\\n    Seq Scan", "Limit\\n  Index Scan")]
    [' ', '-', '-', '+']
    """
    old, new = before.splitlines(), after.splitlines()
    lines: list[PlanLine] = []
    for kind, start, end, new_start, new_end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            lines += [PlanLine(" ", text) for text in old[start:end]]
        else:
            lines += [PlanLine("-", text) for text in old[start:end]]
            lines += [PlanLine("+", text) for text in new[new_start:new_end]]
    return tuple(lines)


def diff(one: ChangedStatement) -> str:
    """Return both plans of a statement as lines with their marks."""
    return "\n".join(f"{line.mark} {line.text}" for line in plan_changes(one.plan_before, one.plan_after))


def curve(advice: Advice) -> Curve | None:
    """Return what each further index gains, as a curve."""
    return cost_curve(advice)
