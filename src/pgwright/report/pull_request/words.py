"""What a pull request says: of each change what, why and at which price, then how to run, take back and watch it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pgwright.figures import count, duration, listing, milliseconds
from pgwright.model.change import (
    AnalyzeTable,
    Change,
    ConvertColumns,
    CreateIndex,
    DropIndex,
    RebuildIndex,
    UniqueAmongLiving,
)
from pgwright.model.finding import Finding
from pgwright.model.names import quote
from pgwright.model.patch import HandEdit
from pgwright.model.pull_request import PullRequest, PullRevision
from pgwright.model.remedy import GENTLE, LockMode, Remedy
from pgwright.model.statement import Statement
from pgwright.report.fix.words import left as left_for_later
from pgwright.report.fix.words import of_models
from pgwright.report.proof.words import conclusion, is_proved
from pgwright.report.pull_request.measured import measured, measured_on, others, writes
from pgwright.report.pull_request.watching import watched
from pgwright.report.quoting import gist, one_line
from pgwright_runtime.migrations import LOCK_WAIT, LONG_WAIT, TRIES

__all__ = [
    "Row", "as_before", "back", "by_hand", "checked_models", "deploy", "does", "edits_models", "left",
    "lock_waits", "locks", "measured", "measured_on", "open_ends", "others", "reasons", "rows", "state", "unsafe",
    "upgrades", "verdict", "watched", "writes",
]  # fmt: skip

_MOST_NAMED, _MOST_LEFT, _REASON, _STATEMENT = 3, 5, 240, 100
_MEANS: dict[LockMode, str] = {
    "ACCESS SHARE": "holds up nobody who reads or writes.",
    "SHARE UPDATE EXCLUSIVE": "reads and writes go on; VACUUM and other changes of the same table wait.",
    "SHARE": "reads go on; writes to the table wait, for a moment.",
    "SHARE ROW EXCLUSIVE": "reads go on; writes to the table wait.",
    "ACCESS EXCLUSIVE": "reads and writes of the table wait; for a moment, where the change is not named below.",
}
_SECONDS = {"2s": "2 s", "30min": "30 min"}


@dataclass(frozen=True)
class Row:
    """A change in a line."""

    number: int
    title: str
    answers: str
    gain: str
    lock: str
    takes: str


def rows(result: PullRequest) -> Iterator[Row]:
    """Yield the changes in the order in which they run."""
    for number, remedy in enumerate(result.remedies, start=1):
        checks = dict.fromkeys(key.partition(":")[0] for key in remedy.findings)
        locks = dict.fromkeys(step.lock for step in remedy.upgrade if step.lock != "none")
        takes = "?" if remedy.seconds_estimate is None else duration(remedy.seconds_estimate)
        unsafe = "" if remedy.is_safe else " (not safe on a busy table)"
        yield Row(number, remedy.title, ", ".join(checks), _gain(remedy), (", ".join(locks) or "none") + unsafe, takes)


def _gain(remedy: Remedy) -> str:
    if remedy.measured:
        best = remedy.measured[0]
        more = len(remedy.measured) - 1
        of_more = f"; {count(more, 'more statement')} faster" if more else ""
        return f"{milliseconds(best.before_ms)} → {milliseconds(best.after_ms)} a call{of_more} (measured)"
    return remedy.gain.words or ("better plans" if isinstance(remedy.change, AnalyzeTable) else "")


def does(result: PullRequest) -> str:
    """Return what it does, in a sentence."""
    changes = [remedy.change for remedy in result.remedies]
    kinds = [
        ("builds {}", _number(changes, CreateIndex), "index"),
        ("rebuilds {}", _number(changes, RebuildIndex), "invalid index"),
        ("drops {}", _number(changes, DropIndex), "index"),
        ("converts {}", sum(len(one.columns) for one in changes if isinstance(one, ConvertColumns)), "column"),
        ("limits {} to living rows", len({one for one in changes if isinstance(one, UniqueAmongLiving)}), "unique key"),
        ("gathers statistics of {}", _number(changes, AnalyzeTable), "table"),
    ]
    said = [phrase.format(count(number, noun)) for phrase, number, noun in kinds if number]
    whole = " and ".join(filter(None, (", ".join(said[:-1]), *said[-1:])))
    declares = ", and declares that in the models" if edits_models(result) else ""
    return f"It {whole} by {count(len(result.revisions), 'Alembic revision')}{declares}."


def _number(changes: Sequence[Change], kind: type[Change]) -> int:
    return sum(isinstance(one, kind) for one in changes)


def edits_models(result: PullRequest) -> bool:
    """Tell whether a commit changes files of the app, not only adds revisions."""
    return any(not file.is_new for commit in result.commits for file in commit.files)


def unsafe(result: PullRequest) -> list[tuple[int, Remedy]]:
    """Return the changes that are not safe on a busy table, with their numbers."""
    return [(number, one) for number, one in enumerate(result.remedies, start=1) if not one.is_safe]


def verdict(result: PullRequest) -> tuple[str, ...]:
    """Return what was measured of all together, in sentences; () where nothing was."""
    said = conclusion(result.fix.proof) if result.fix.proof is not None else ()
    return tuple(one for one in said if "planned cost" not in one)


def reasons(result: PullRequest) -> Iterator[tuple[int, str, str]]:
    """Yield why each change is asked for: its dearest statement and what that takes, and what is wrong today."""
    known = {one.key: one for one in result.answered}
    for number, remedy in enumerate(result.remedies, start=1):
        found = sorted((known[key] for key in remedy.findings if key in known), key=lambda one: one.badness)
        ids = {gain.query_id for gain in remedy.measured} or {query for one in found for query in one.queries}
        concerned = sorted((one for one in result.statements if one.query_id in ids), key=lambda one: -one.total_ms)
        text = gist(concerned[0].text, _STATEMENT) if concerned else ""
        parts = [_taking(concerned)] if concerned else []
        if found:
            parts.append(one_line(found[0].message, _REASON))
        alike = sum(one.check == found[0].check for one in found) - 1 if found else 0
        if alike:
            parts.append(f"So says {count(alike, 'more finding')} of {found[0].check}.")
        if parts:
            yield number, text, " ".join(parts)


def _taking(concerned: Sequence[Statement]) -> str:
    """Return what the first of some statements takes in production, and how many more there are."""
    calls = f"{count(concerned[0].calls, 'call')} observed, {milliseconds(concerned[0].mean_ms)} each"
    more = len(concerned) - 1
    return f"{calls}; and {count(more, 'more statement')}." if more else f"{calls}."


def locks(result: PullRequest) -> Iterator[tuple[LockMode, str]]:
    """Yield the locks that are taken, and what each means for those who use the table meanwhile."""
    taken = {step.lock for remedy in result.remedies for step in remedy.upgrade if step.tables}
    for lock, meaning in _MEANS.items():
        if lock in taken:
            yield lock, meaning


def lock_waits(result: PullRequest) -> Iterator[str]:
    """Yield how patient the revisions are, in sentences."""
    steps = [step for remedy in result.remedies for step in remedy.upgrade if step.tables]
    if any("INDEX CONCURRENTLY" in step.sql for step in steps):
        yield (
            "Indexes are built and dropped CONCURRENTLY, which waits for transactions that are older, up to "
            f"{_SECONDS.get(LONG_WAIT, LONG_WAIT)}; nobody queues behind it. End long transactions first."
        )
    if any(not step.waits_long and step.lock not in GENTLE for step in steps):
        yield (
            f"Each other lock is waited for at most {_SECONDS.get(LOCK_WAIT, LOCK_WAIT)}, up to {TRIES} times, with "
            "pauses in which others pass."
        )
    yield "Durations are estimated from table sizes, on an idle server."


def upgrades(result: PullRequest) -> Iterator[tuple[str, PullRevision]]:
    """Yield the command that runs each revision."""
    for revision in result.revisions:
        yield f"alembic upgrade {revision.id}", revision


def deploy(result: PullRequest, revision: PullRevision) -> list[str]:
    """Return what has to be deployed before a revision, with it or after it, in sentences."""
    told = [one.deploy for one in revision.remedies if one.deploy]
    if told:
        return told
    if edits_models(result):
        return ["The code may be deployed before it or after it: the models only declare what it makes."]
    return ["No code has to be deployed with it."]


def as_before(result: PullRequest) -> str:
    """Return what an Alembic downgrade to where it was is called."""
    return f"alembic downgrade {result.revisions[0].follows or 'base'}"


def back(result: PullRequest) -> Iterator[str]:
    """Yield what the downgrade does, in phrases."""
    changes = [remedy.change for remedy in result.remedies if remedy.downgrade]
    if built := [quote(one.definition.name) for one in changes if isinstance(one, CreateIndex)]:
        yield f"drops {listing(built, _MOST_NAMED)}, and what they made fast is slow again"
    if dropped := [quote(one.name.name) for one in changes if isinstance(one, DropIndex)]:
        yield f"builds {listing(dropped, _MOST_NAMED)} again, concurrently where that can be: allow the time of a build"
    if any(isinstance(one, ConvertColumns) for one in changes):
        yield "converts the keys back, under the same locks and for as long"
    if living := [quote(one.replaces.name) for one in changes if isinstance(one, UniqueAmongLiving)]:
        said = listing(list(dict.fromkeys(living)), _MOST_NAMED)
        yield f"brings {said} back, and fails where a deleted row and a living one have the same value by then"


def left(result: PullRequest) -> tuple[list[tuple[str, str]], int]:
    """Return what only a person can mend, the worst first, each with what is wrong; and how many are not shown."""
    found: Sequence[Finding] = sorted(result.left, key=lambda one: one.badness)
    return [(one.key, one_line(one.message, _REASON)) for one in found[:_MOST_LEFT]], max(len(found) - _MOST_LEFT, 0)


def open_ends(result: PullRequest) -> Iterator[str]:
    """Yield what else is not in it, in a line each."""
    for one in result.fix.refused[:_MOST_LEFT]:
        yield f"Not written: {one.what}: {one.reason}."
    if (more := len(result.fix.refused) - _MOST_LEFT) > 0:
        yield f"Not written for such reasons: {more} more."
    for title, command, found in left_for_later(result.fix):
        few = listing([one.title for one in found]) if len(found) <= _MOST_NAMED else count(len(found), "change")
        by = f" ({command.replace('pgwright fix', 'pgwright pr')})" if command else ""
        yield f"{title}: {few}{by}."
    if result.fix.not_examined:
        missing = listing([one.what for one in result.fix.not_examined], _MOST_NAMED)
        yield f"Not examined, so without findings: {missing}."


def by_hand(result: PullRequest) -> tuple[HandEdit, ...]:
    """Return what a person has to write in the models."""
    if result.fix.models is not None:
        return result.fix.models.by_hand
    hints = ((one, one.model_hint) for one in result.remedies if one.model_hint)
    return tuple(HandEdit(one.title, "the models were left alone", tuple(hint.splitlines())) for one, hint in hints)


def checked_models(result: PullRequest) -> str:
    """Return what importing the edited models told, in sentences; "" where nobody imported them."""
    patch = result.fix.models
    return " ".join(of_models(result.fix)) if patch is not None and patch.verified is not None else ""


def state(result: PullRequest) -> str:
    """Return in a word how sure its gain is."""
    proof = result.fix.proof
    if proof is None:
        return "estimated, not measured"
    return "proved on copies" if is_proved(proof) else "measured"
