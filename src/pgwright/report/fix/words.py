"""What a Fix comes to, in words."""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.figures import duration
from pgwright.model.fix import Fix, Later, LaterReason
from pgwright.model.remedy import Remedy
from pgwright.report.proof.words import conclusion

_MOST_MEASURED = 2
# What is left for each reason, and the command that writes all of it; "" where it is to be named by itself.
_LEFT: dict[LaterReason, tuple[str, str]] = {
    "beyond the top": ("Beyond the top", "pgwright fix --top all"),
    "not safe while the app runs": ("Not safe while the app runs", "pgwright fix --breaking"),
    "safe": ("Safe, and so not asked for", "pgwright fix"),
    "no measurable gain": ("Without a gain that anybody would notice", ""),
    "info": ("For information", ""),
    "empty table": ("On empty tables", ""),
}


def of_models(fix: Fix) -> Iterator[str]:
    """Yield what is known of the edits of the models, in sentences."""
    patch = fix.models
    if patch is None or not (patch.edits or patch.by_hand):
        return
    verified = patch.verified
    if verified is None:
        if patch.edits:
            yield "Found by the syntax of the files; with --write the models are imported first, as they would be."
    elif verified.is_compared and not verified.problems:
        yield "The models import with these edits, and declare what the fix does."
    elif verified.is_imported:
        yield "The models import with these edits."
    if verified is not None and verified.reason:
        yield f"Not compared: {verified.reason}."
    for one in verified.problems if verified is not None else ():
        yield f"Mind: {one}."


def unsafe(fix: Fix) -> int:
    """Return how many remedies are unsafe on a busy table."""
    return sum(not remedy.is_safe for remedy in fix.remedies)


def locks(remedy: Remedy) -> str:
    """Return the locks that the upgrade takes, as a phrase."""
    taken = dict.fromkeys(step.lock for step in remedy.upgrade if step.lock != "none")
    return f"lock {', '.join(taken)}" if taken else "no lock"


def expected(remedy: Remedy) -> str:
    """Return how long it is expected to take, as a phrase."""
    return "" if remedy.seconds_estimate is None else f", takes {duration(remedy.seconds_estimate)} (estimated)"


def brings(remedy: Remedy) -> str:
    """Return what it brings, estimated and measured, as a phrase."""
    measured = "; ".join(one.words for one in remedy.measured[:_MOST_MEASURED])
    return "; ".join(filter(None, (remedy.gain.words, f"measured: {measured}" if measured else "")))


def proved(fix: Fix) -> tuple[str, ...]:
    """Return what the measurement of all remedies together comes to, in sentences."""
    return conclusion(fix.proof) if fix.proof is not None and fix.remedies else ()


def left(fix: Fix) -> Iterator[tuple[str, str, tuple[Later, ...]]]:
    """Yield what is left for later: the reason, what writes all of it, and each."""
    for reason, (title, command) in _LEFT.items():
        if found := tuple(one for one in fix.later if one.reason == reason):
            yield title, command, found


def command_for(one: Later, command: str) -> str:
    """Return what writes this one, where no command writes all that is left for its reason."""
    return "" if command else one.command
