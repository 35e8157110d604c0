"""What the rules of migrations say of a statement: who waits, for which tables, by which evidence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from pgwright.checks.lint_steps import LARGE_BYTES, SMALL_BYTES, LintStep, parts, steps
from pgwright.durations.queues import waits
from pgwright.figures import count, listing, milliseconds, size
from pgwright.model.finding import Check, Confidence, Evidence, Finding, Severity
from pgwright.model.locks import LockMode, blocks_reads, blocks_writes
from pgwright.model.migration import RelationRef
from pgwright.model.names import QualifiedName, quote

__all__ = [
    "LARGE_BYTES",
    "SMALL_BYTES",
    "LintStep",
    "as_written",
    "in_words",
    "parts",
    "report",
    "steps",
    "waiting",
]
_STATEMENT_LETTERS = 300


def waiting(mode: LockMode) -> str:
    """Return who waits for such a lock, as the subject of a sentence in the plural.

    >>> waiting("SHARE"), waiting("ACCESS EXCLUSIVE"), waiting("SHARE UPDATE EXCLUSIVE")
    ('writes', 'reads and writes', 'VACUUM and other schema changes')
    """
    if blocks_reads(mode):
        return "reads and writes"
    return "writes" if blocks_writes(mode) else "VACUUM and other schema changes"


def as_written(named: RelationRef) -> str:
    """Return a relation as the statement names it, quoted where it needs it."""
    return f"{quote(named.schema)}.{quote(named.name)}" if named.schema else quote(named.name)


def in_words(tables: Iterable[QualifiedName]) -> str:
    """Return `note, tag and 3 more`."""
    return listing([one.short for one in tables])


def report(
    check: Check[Any],
    step: LintStep,
    about: str,
    message: str,
    *,
    advice: str,
    tables: Iterable[QualifiedName] = (),
    code: str = "",
    severity: Severity | None = None,
    confidence: Confidence | None = None,
    evidence: Iterable[Evidence] = (),
    is_of_revision: bool = True,
) -> Finding:
    """Return a finding at a statement, with the locks seen on the twin, and the size of each table.

    Args:
        about: what it is about, in words that stay the same from run to run; the revision is added.
        is_of_revision: False: it is about what all revisions share, and the same whichever are pending.
    """
    return check.found(
        f"{about} {step.where}" if is_of_revision else about,
        message,
        evidence=(*_evidence(step, tuple(dict.fromkeys(tables))), *evidence),
        advice=advice,
        code=code,
        severity=severity,
        confidence=confidence,
        place=step.statement.place,
    )


def _evidence(step: LintStep, tables: tuple[QualifiedName, ...]) -> Iterator[Evidence]:
    text = " ".join(step.statement.text.split())
    yield Evidence("statement", text if len(text) <= _STATEMENT_LETTERS else f"{text[:_STATEMENT_LETTERS]}…")
    for table in tables:
        if (mode := step.held.get(table)) is not None:
            yield Evidence(f"lock on {table.short}, on the twin", mode, "measured")
        if (taken := step.bytes_of(table)) is not None:
            yield Evidence(f"size of {table.short}", f"{count(step.rows_of(table) or 0, 'row')}, {size(taken)}")
    yield from _waiting(step, tables)
    if step.statement.seconds is not None:
        yield Evidence("it works", step.how_long().removeprefix("for an estimated "), "estimated")


def _waiting(step: LintStep, tables: tuple[QualifiedName, ...]) -> Iterator[Evidence]:
    """Yield how many statements of the workload would wait, and for which of them the lock itself would."""
    for one in waits(step.pending, step.statement) if tables else ():
        if one.table not in tables or not one.per_second:
            continue
        name = one.table.short
        if one.count is not None:
            least, most = (count(n, "statement") for n in one.count)
            yield Evidence(f"would wait for {name}", f"{least} to {most}" if least != most else most, "estimated")
        if one.longest is not None:
            longest = f"{milliseconds(one.longest.max_ms)}, while {one.per_second:,.1f} statements a second come"
            yield Evidence(f"longest statement on {name}, for which it waits", longest)
