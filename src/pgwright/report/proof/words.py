"""What a proof comes to, in words: a fix that does not help is said to not help."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pgwright.figures import count, milliseconds, ratio, size
from pgwright.model.proof import MeasuredOperation, MeasuredStatement, Proof, Timing, Verdict
from pgwright.report.proof.chart import PairChart, pair_chart

Measured = MeasuredOperation | MeasuredStatement


def in_words(one: Measured) -> str:
    """Return the verdict on one operation or statement."""
    return {
        "faster": "faster",
        "same": "does not help",
        "slower": f"{ratio(1 / one.ratio) if one.ratio else '∞×'} slower",
        "results differ": "RESULTS DIFFER",
    }[one.verdict]


def is_proved(proof: Proof) -> bool:
    """True when something is faster, nothing is slower, and every result is the same as before."""
    verdicts = {one.verdict for one in _measured(proof)}
    return "faster" in verdicts and not verdicts & {"slower", "results differ"}


def conclusion(proof: Proof) -> tuple[str, ...]:
    """Return what the proof comes to, in sentences, the most important first."""
    return (*_judgement(proof), *_counts(proof), _room(proof))


def _judgement(proof: Proof) -> Iterable[str]:
    measured = _measured(proof)
    if not measured:
        yield "Nothing was measured, so nothing is proved."
        return
    if differing := _named(measured, "results differ"):
        yield f"Do not apply this fix: results differ for {differing}."
    if slower := _named(measured, "slower"):
        yield f"The fix makes {slower} slower."
    if not any(one.verdict == "faster" for one in measured):
        yield "The fix does not help: nothing that was measured got faster."
    elif is_proved(proof):
        yield "The fix helps: results are equal, nothing got slower."


def _counts(proof: Proof) -> Iterable[str]:
    for group, noun in ((proof.operations, "operation"), (proof.statements, "statement")):
        if group:
            faster = [one for one in group if one.verdict == "faster"]
            best = f", the best {ratio(max(one.ratio for one in faster))}" if faster else ""
            yield f"{len(faster)} of {count(len(group), noun)} faster{best} (measured)."
    if proof.planned:
        cheaper = sum(one.cost_after < one.cost_before for one in proof.planned)
        yield f"{cheaper} of {count(len(proof.planned), 'statement')} cheaper by planned cost."


def _room(proof: Proof) -> str:
    grown = proof.bytes_after - proof.bytes_before
    word = "grows" if grown >= 0 else "shrinks"
    return f"The database {word} by {size(abs(grown))}, to {size(proof.bytes_after)} (measured)."


def runs(measured: Sequence[Measured]) -> str:
    """Return how often each was run, as a number or a range."""
    found = {one.before.runs for one in measured}
    return " – ".join(map(str, sorted({min(found, default=0), max(found, default=0)})))


def chart(proof: Proof) -> PairChart | None:
    """Return the operations as pairs of bars."""
    return pair_chart(proof.operations) if proof.operations else None


def _measured(proof: Proof) -> tuple[Measured, ...]:
    return (*proof.operations, *proof.statements)


def _named(measured: Iterable[Measured], verdict: Verdict) -> str:
    hits = [one for one in measured if one.verdict == verdict]
    operations = ", ".join(one.name for one in hits if isinstance(one, MeasuredOperation))
    statements = sum(isinstance(one, MeasuredStatement) for one in hits)
    return " and ".join(filter(None, (operations, count(statements, "statement") if statements else "")))


def spread(timing: Timing) -> str:
    """Return the median with the quartiles around it."""
    return f"{milliseconds(timing.median_ms)} ({milliseconds(timing.low_ms)} – {milliseconds(timing.high_ms)})"
