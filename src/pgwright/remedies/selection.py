"""Which findings a fix answers now, and which it leaves for later: few, dear and safe, unless more is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from pgwright.model.change import AnalyzeTable, CascadeDelete, Change, ConvertColumns, DropIndex, RebuildIndex
from pgwright.model.finding import SEVERITIES, Finding
from pgwright.model.fix import LaterReason
from pgwright.model.names import QualifiedName
from pgwright.model.snapshot import Snapshot
from pgwright.model.table import Table
from pgwright.remedies.estimate import family
from pgwright.remedies.fix import is_safe
from pgwright.remedies.gains import bundle, gain_of_finding

# A reviewer reads so many changes with care.
TOP = 5


@dataclass(frozen=True)
class FixChoice:
    """What a fix is asked for."""

    only: tuple[str, ...] = ()
    """Names of checks, or keys of findings: these, whatever they bring, and no others; empty: what is worth it."""
    skip: tuple[str, ...] = ()
    top: int | None = TOP
    """So many findings, the dearest first; None: all."""
    breaking: bool = False
    """Only what is not safe while the app runs."""


@dataclass(frozen=True)
class Left:
    """A finding, or the changes of one, that is not answered now."""

    finding: Finding
    reason: LaterReason


@dataclass(frozen=True)
class Selection:
    """The findings to answer, with just the changes to make, and what is left of all; both dearest first."""

    chosen: tuple[Finding, ...]
    left: tuple[Left, ...]


def select(findings: Iterable[Finding], snapshot: Snapshot, choice: FixChoice) -> Selection:
    """Choose among findings of which each is a cause with its symptoms; one that asks for no change is in neither."""
    wanted: list[Finding] = []
    left: list[Left] = []
    for finding in findings:
        for part, reason in _parts(finding, snapshot, choice):
            if reason is None:
                wanted.append(part)
            else:
                left.append(Left(part, reason))
    wanted.sort(key=_dearness)
    most = len(wanted) if choice.top is None else choice.top
    left += [Left(one, "beyond the top") for one in wanted[most:]]
    return Selection(tuple(wanted[:most]), tuple(sorted(left, key=lambda one: _dearness(one.finding))))


def asked_for(findings: Iterable[Finding], choice: FixChoice) -> Iterator[Finding]:
    """Yield the findings that are asked for; what stands under another one counts by its own name too.

    Alone it is answered where it asks for a change; where it does not, the finding that it stands under answers it.
    """
    only, skip = choice.only, choice.skip
    for finding in findings:
        left = tuple(one for one in finding.symptoms if not _names(skip, one))
        asked = [one for one in left if not only or _names(only, one)]
        is_asked = not only or _names(only, finding) or any(not one.changes for one in asked)
        if is_asked and not _names(skip, finding):
            yield replace(finding, symptoms=left)
        else:
            yield from asked


def _names(keys: Sequence[str], finding: Finding) -> bool:
    return not {finding.check, finding.key}.isdisjoint(keys)


def _parts(finding: Finding, snapshot: Snapshot, choice: FixChoice) -> Iterator[tuple[Finding, LaterReason | None]]:
    """Yield what of a finding is safe and what is not, each with the reason to leave it for later, if there is one."""
    unsafe = _unsafe(finding, snapshot)
    safe_part, breaking_part = _with(finding, lambda one: one not in unsafe), _with(finding, unsafe.__contains__)
    for part in (safe_part, breaking_part):
        if part is None:
            continue
        if choice.only:
            yield part, "safe" if choice.breaking and part is safe_part else None
        elif finding.severity == "info":
            yield part, "info"
        else:
            yield from _of_rows(part, snapshot, choice, is_breaking=part is breaking_part)


def _of_rows(
    part: Finding, snapshot: Snapshot, choice: FixChoice, *, is_breaking: bool
) -> Iterator[tuple[Finding, LaterReason | None]]:
    """Yield what of a part is about tables without rows, and what is not."""
    empty = {change for one in bundle(part) for change in one.changes if _is_of_empty(change, snapshot)}
    if (vain := _with(part, empty.__contains__)) is not None:
        yield vain, "empty table"
    if (rest := _with(part, lambda one: one not in empty)) is not None:
        yield rest, _reason(rest, choice, is_breaking=is_breaking)


def _reason(part: Finding, choice: FixChoice, *, is_breaking: bool) -> LaterReason | None:
    if is_breaking:
        return None if choice.breaking else "not safe while the app runs"
    if choice.breaking:
        return "safe"
    return None if gain_of_finding(part).is_measurable else "no measurable gain"


def _unsafe(finding: Finding, snapshot: Snapshot) -> set[Change]:
    """Return the changes that are not safe, and the drops beside an index that is not: it would do their work."""
    found: set[Change] = set()
    for one in bundle(finding):
        unsafe = [change for change in one.changes if not is_safe(change, snapshot)]
        builds = any(not isinstance(change, DropIndex) for change in unsafe)
        found.update(one.changes if builds else unsafe)
    return found


def _with(finding: Finding, keeps: Callable[[Change], bool]) -> Finding | None:
    """Return a finding, and what stands under it, with these changes alone; None where none is left.

    A symptom that never asked for a change stays: it ends with its cause.
    """
    pairs = [(one, tuple(filter(keeps, one.changes))) for one in (finding, *finding.symptoms)]
    if not any(kept for _, kept in pairs):
        return None
    first, *rest = (replace(one, changes=kept) for one, kept in pairs if one is finding or kept or not one.changes)
    return replace(first, symptoms=tuple(rest))


def _is_of_empty(change: Change, snapshot: Snapshot) -> bool:
    """Tell whether the tables of a change hold no row, as was counted: where nobody counted, they may."""
    own = [snapshot.table_by_name[name] for name in _tables(change) if name in snapshot.table_by_name]
    # Most tables have rows, and then nobody has to look for their heirs.
    if not own or not all(one.kind == "partitioned table" or _is_empty(one) for one in own):
        return False
    held = [one for table in own for one in family(snapshot, table.name) if one.kind != "partitioned table"]
    return bool(held) and all(map(_is_empty, held))


def _is_empty(table: Table) -> bool:
    return table.row_estimate >= 0 and table.rows == 0


def _tables(change: Change) -> tuple[QualifiedName, ...]:
    if isinstance(change, ConvertColumns):
        return tuple(dict.fromkeys(one.table for one in change.columns))
    if isinstance(change, DropIndex | RebuildIndex | CascadeDelete | AnalyzeTable):
        return (change.table,)
    return (change.definition.table,)


def _dearness(finding: Finding) -> tuple[float, bool, int, int, str]:
    """What sorts findings dearest first: by time, then what is repaired, then by bytes."""
    saved, repairs, freed = gain_of_finding(finding).rank
    return -saved, not repairs, -freed, SEVERITIES.index(finding.severity), finding.key
