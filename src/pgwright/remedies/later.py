"""What a fix leaves for later, in words, and what of it the written remedies answer anyhow."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from shlex import quote

from pgwright.model.change import Change, CreateIndex, DropIndex, RebuildIndex, UniqueAmongLiving
from pgwright.model.fix import Fix, Later
from pgwright.model.remedy import Remedy
from pgwright.remedies.gains import bundle, gain_of_finding
from pgwright.remedies.selection import Left

# The kinds of change that merging may hand over to another kind.
_STANDS_FOR: dict[type[Change], set[type[Change]]] = {
    UniqueAmongLiving: {CreateIndex, DropIndex},
    RebuildIndex: {CreateIndex},
    DropIndex: {RebuildIndex},
}


def with_later(fix: Fix, left: Iterable[Left], whole: Fix) -> Fix:
    """Return a fix that tells what it leaves for later.

    Args:
        fix: what is written.
        left: the findings that were left out.
        whole: what would be written for all of them together.
    """
    written = {remedy.change: remedy for remedy in fix.remedies}
    by_key: dict[str, list[Remedy]] = {}
    for remedy in whole.remedies:
        for key in remedy.findings:
            by_key.setdefault(key, []).append(remedy)
    told = []
    for one in left:
        keys = tuple(part.key for part in bundle(one.finding) if part.changes)
        made = [remedy for key in keys for remedy in by_key.get(key, ()) if _is_of(remedy, one)]
        missing = dict.fromkeys(remedy.title for remedy in made if remedy.change not in written)
        for remedy in made if not missing else ():
            known = written[remedy.change]
            written[remedy.change] = replace(known, findings=tuple(dict.fromkeys((*known.findings, *keys))))
        if missing:
            command = f"pgwright fix --only {quote(keys[0])}"
            told.append(Later("; ".join(missing), keys, one.reason, gain_of_finding(one.finding), command))
    asked = {key for remedy in written.values() for key in remedy.findings}
    refused = [one for one in whole.refused if one not in fix.refused and not any(key in one.what for key in asked)]
    return replace(fix, remedies=tuple(written.values()), later=_at_once(told), refused=(*fix.refused, *refused))


def _at_once(told: Iterable[Later]) -> tuple[Later, ...]:
    """Return what is left, once where one change answers several findings; the dearest of them tells its gain."""
    found: dict[tuple[str, str], Later] = {}
    for one in told:
        known = found.setdefault((one.title, one.reason), one)
        if known is not one:
            findings = tuple(dict.fromkeys((*known.findings, *one.findings)))
            found[one.title, one.reason] = replace(known, findings=findings)
    return tuple(found.values())


def _is_of(remedy: Remedy, left: Left) -> bool:
    """Tell whether a remedy does what is left of a finding, of which a part may be written."""
    kinds = {type(change) for one in bundle(left.finding) for change in one.changes}
    kind = type(remedy.change)
    return kind in kinds or not kinds.isdisjoint(_STANDS_FOR.get(kind, ()))
