"""What a proof comes to, in words: a fix that does not help is said to not help."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from pgwright.figures import count, duration, listing, milliseconds, ratio, size
from pgwright.model.proof import (
    Balance,
    Effort,
    MeasuredOperation,
    MeasuredStatement,
    MeasuredWrite,
    Proof,
    Timing,
    Verdict,
)
from pgwright.model.trial import Trial
from pgwright.model.worth import FEWEST_SECONDS
from pgwright.report.proof.chart import PairChart, css_class, pair_chart
from pgwright.report.proof.logged import log_sentences, trouble, troubled
from pgwright.report.quoting import gist

__all__ = [
    "by_calls", "chart", "conclusion", "css_class", "equality", "in_words", "is_proved", "log_sentences", "notes",
    "runs", "speaks_against", "spread", "trouble", "troubled", "where_measured",
]  # fmt: skip
Measured = MeasuredOperation | MeasuredStatement

_DAY_SECONDS = 86_400.0
_MOST_NAMED = 4
_STATEMENT = 40
# A query that loses less of what the fix saves, by the workload's calls, is named and denies no proof.
_SLIGHT = 0.01
# With a WITH before it, it may read as well, and is taken for a query.
_WRITE = re.compile(r"(?:\s|/\*.*?\*/|--[^\n]*\n)*(?:INSERT|UPDATE|DELETE|MERGE)\b", re.IGNORECASE | re.DOTALL)
_IN_WORDS: Mapping[Verdict, str] = {
    "faster": "faster",
    "same": "does not help",
    "slower": "slower",
    "unclear": "unclear",
    "results differ": "RESULTS DIFFER",
}


def in_words(one: Measured | MeasuredWrite) -> str:
    """Return the verdict on one operation, statement or write."""
    if isinstance(one, MeasuredWrite):
        return "same" if one.verdict == "same" else _IN_WORDS[one.verdict]
    return _IN_WORDS[one.verdict] + ("" if _is_evidence(one) else ", not representative")


def equality(one: Measured) -> str:
    """Return whether the results are equal, in a word."""
    if not one.results_equal:
        return "NO"
    return "in part" if isinstance(one, MeasuredStatement) and one.not_compared else "yes"


def notes(one: MeasuredStatement) -> tuple[str, ...]:
    """Return what limits the measurement of a statement, in sentences."""
    found = []
    if not one.is_representative:
        found.append(f"not representative: {_effort(one.observed)} a call observed; {_effort(one.here)} here")
    elif one.values == "log":
        average = "" if one.is_average else f": {_effort(one.observed)} on average observed; {_effort(one.here)} here"
        found.append(f"with the values of a call in the server's log{average}")
    if one.planned_otherwise:
        found.append(f"production plans it otherwise, the gain may not carry over: {'; '.join(one.planned_otherwise)}")
    if one.not_compared:
        found.append(f"not compared: {'; '.join(one.not_compared)}")
    return tuple(found)


def _effort(effort: Effort) -> str:
    return f"{_figure(effort.rows, 'row')}, {_figure(effort.blocks, 'block')}"


def _figure(value: float, noun: str) -> str:
    return f"{value:.1g} {noun}s" if 0 < value < 1 else count(value, noun)


def is_proved(proof: Proof) -> bool:
    """True when something is faster by evidence and nothing speaks against the fix."""
    return _is_faster(proof) and not speaks_against(proof)


def speaks_against(proof: Proof) -> bool:
    """True when a measurement speaks against the fix, whatever got faster.

    Against it speak results that differ, a query or an operation that is slower or fails, rows that the copies lack,
    and writes that cost more time by the workload's calls than its statements gain: a new index has its price. A query
    whose calls lose less than a hundredth of what is saved does not.
    """
    is_against = any(one.verdict == "results differ" or _is_slower(one, proof) for one in _measured(proof))
    return bool(proof.lost_rows or proof.failed_operations) or is_against or _costs_more(proof)


def conclusion(proof: Proof) -> tuple[str, ...]:
    """Return what the proof comes to, in sentences, the most important first."""
    return (*_doubts(proof), *_judgement(proof), *_balance(proof), *_counts(proof), _room(proof))


def _doubts(proof: Proof) -> Iterable[str]:
    """Yield why nothing is proved, whatever got faster."""
    if proof.lost_rows:
        lost = [f"{one.table.short} ({one.rows_here:,} of {one.rows:,}: {one.reason})" for one in proof.lost_rows]
        yield f"Not proved: the copies lack rows of {listing(lost, _MOST_NAMED)}."
    for one in proof.failed_operations:
        where = "with the fix" if one.side == "after" else "as it was"
        hint = f" ({one.remedy})" if one.remedy else ""
        yield f"Not proved for {one.name}: it failed on the copy {where}: {one.reason}{hint}."


def _judgement(proof: Proof) -> Iterable[str]:
    measured = _measured(proof)
    if not measured:
        yield "Nothing was measured, so nothing is proved."
        return
    if differing := _named(measured, "results differ"):
        yield f"Do not apply this fix: results differ for {differing}."
    if slower := _named([one for one in measured if _is_slower(one, proof)], "slower"):
        yield f"The fix makes {slower} slower."
    writes = _slower_writes(proof)
    if is_proved(proof):
        yield f"The fix helps: {_equal(proof)}, {_what_got_slower(proof, writes)}."
    elif _costs_more(proof):
        yield f"The fix costs more than it gains{f': {writes}' if writes else ''}."
    elif writes:
        yield f"Writes got slower: {writes}."
    if not _is_faster(proof):
        yield _why_no_help(measured)


def _is_evidence(one: Measured) -> bool:
    return isinstance(one, MeasuredOperation) or one.is_representative


def _is_slower(one: Measured, proof: Proof) -> bool:
    """Tell whether something got slower that is no write, for those are weighed, nor loses next to nothing."""
    return one.verdict == "slower" and not _is_write(one) and not _is_slight(one, proof)


def _is_slight(one: Measured, proof: Proof) -> bool:
    """Tell whether all calls of a query lose next to nothing of what the fix saves."""
    gained = proof.balance.gained_ms if proof.balance is not None else 0.0
    if not isinstance(one, MeasuredStatement) or not one.is_representative:
        return False
    return 0 < gained * _SLIGHT >= -one.saved_ms


def _is_write(one: Measured) -> bool:
    return isinstance(one, MeasuredStatement) and _WRITE.match(one.text) is not None


def _is_faster(proof: Proof) -> bool:
    return any(one.verdict == "faster" and _is_evidence(one) for one in _measured(proof))


def _costs_more(proof: Proof) -> bool:
    """Tell whether losses outweigh gains; an operation that gains is a request, whose calls nobody counted."""
    balance = proof.balance
    is_counted = not any(one.verdict == "faster" for one in proof.operations)
    return balance is not None and balance.is_loss and is_counted


def _why_no_help(measured: Sequence[Measured]) -> str:
    if any(one.verdict == "faster" for one in measured):
        return "The fix is not proved to help: what got faster ran with values that are not representative."
    unclear = sum(one.verdict == "unclear" for one in measured)
    doubt = f"; {count(unclear, 'measurement')} unclear for noise" if unclear else ""
    return f"The fix does not help: nothing that was measured got faster{doubt}."


def _equal(proof: Proof) -> str:
    partly = any(one.not_compared for one in proof.statements)
    return "results are equal as far as they can be compared" if partly else "results are equal"


def _slower_writes(proof: Proof) -> str:
    statements = [one for one in proof.statements if one.verdict == "slower" and _is_write(one)]
    found = [(one.ratio, f"{gist(one.text, _STATEMENT)} {ratio(one.ratio)}") for one in statements]
    slower = [one for one in proof.writes if one.is_notably_slower]
    found += [(one.ratio, f"{one.action} on {one.table} {ratio(one.ratio)}") for one in slower]
    return listing([said for _, said in sorted(found)], _MOST_NAMED)


def _what_got_slower(proof: Proof, writes: str) -> str:
    """Return it for a fix that helps: nothing, writes, or queries that lose next to nothing of what is saved."""
    queries = [one for one in proof.statements if one.verdict == "slower" and not _is_write(one)]
    if not queries:
        return f"no query got slower; writes did: {writes}" if writes else "nothing got slower"
    named = listing([f"{gist(one.text, _STATEMENT)} {ratio(one.ratio)}" for one in queries], _MOST_NAMED)
    lost = f"{count(len(queries), 'query')} lost next to nothing of what is saved: {named}"
    return f"{lost}; writes got slower: {writes}" if writes else lost


def _balance(proof: Proof) -> Iterable[str]:
    balance = proof.balance
    if balance is None or not (balance.gained_ms or balance.lost_ms):
        return
    parts = balance.gained_ms, balance.lost_ms, balance.lost_on_writes_ms
    gained, lost, on_writes = (by_calls(part, balance.observed_seconds) for part in parts)
    part = " on writes" if on_writes == lost else f", {on_writes} of it on writes" if balance.lost_on_writes_ms else ""
    cost = f"costs {lost}{part}" if balance.lost_ms else "costs none"
    why = "; its own writes got no slower" if not balance.lost_ms and _only_others_got_slower(proof) else ""
    yield f"By the workload's calls it saves {gained} and {cost}, {_rate(balance)} (measured here){why}."


def _only_others_got_slower(proof: Proof) -> bool:
    """Whether writes got slower, measured row by row, that the workload has not, or not in a way to be noticed."""
    is_slower = any(one.verdict == "slower" for one in proof.writes)
    return is_slower and all(one.verdict != "slower" for one in proof.statements)


def _rate(balance: Balance) -> str:
    """Return over what time that is: a day, where the calls were counted for long enough to tell."""
    seconds = balance.observed_seconds
    if not seconds:
        return "over the time observed"
    return "a day" if seconds >= FEWEST_SECONDS else f"over the {duration(seconds)} observed"


def by_calls(part_ms: float, observed_seconds: float | None) -> str:
    """Return the time of some calls: of a day, or of all that were counted where that does not tell what a day is."""
    if not observed_seconds or observed_seconds < FEWEST_SECONDS:
        return milliseconds(part_ms)
    a_day = part_ms * _DAY_SECONDS / observed_seconds
    return milliseconds(a_day) if a_day < 60_000 else duration(a_day / 1000)


def where_measured(result: Proof | Trial) -> str:
    """Return on which server the times are from, of which source, and when."""
    place = result.measured_on
    if place is None:
        return "Nothing was measured."
    copies = "of an embedded server" if place.copies == "embedded" else f"on {place.server}"
    own = place.version.split(".")[0] == place.source_version.split(".")[0]
    other = "" if own else "; it is not the source's major version, on which times and plans may differ"
    return (
        f"Measured on copies {copies}, PostgreSQL {place.version}, of {place.source}, PostgreSQL "
        f"{place.source_version}, at {place.at}{other}."
    )


def _counts(proof: Proof) -> Iterable[str]:
    for group, noun in ((proof.operations, "operation"), (proof.statements, "statement")):
        if group:
            faster = [one for one in group if one.verdict == "faster" and _is_evidence(one)]
            best = f", the best {ratio(max(one.ratio for one in faster))}" if faster else ""
            unclear = sum(one.verdict == "unclear" for one in group)
            doubt = f", {unclear} unclear" if unclear else ""
            yield f"{len(faster)} of {count(len(group), noun)} faster{best}{doubt} (measured)."
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
