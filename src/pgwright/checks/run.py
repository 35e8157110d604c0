"""Ask checks of the value of a source; what was not read is not asked about."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from pgwright.checks.loader import OWN, load_checks, origin_of
from pgwright.errors import BrokenCheck, PgwrightError
from pgwright.model.finding import Check, Finding
from pgwright.model.not_examined import NotExamined, lacking
from pgwright.model.policy import Policy
from pgwright.model.snapshot import Snapshot


@runtime_checkable
class Partial(Protocol):
    """The value of a source that tells which of its parts are missing."""

    @property
    def not_examined(self) -> tuple[NotExamined, ...]: ...


@dataclass(frozen=True)
class CheckRun:
    """What the checks of one source gave back."""

    findings: tuple[Finding, ...] = ()
    not_examined: tuple[NotExamined, ...] = ()
    """What the source itself could not read comes first."""
    names: tuple[str, ...] = ()
    """The checks that looked."""


def run_checks(value: object, checks: Iterable[Check[Any]] | None = None) -> CheckRun:
    """Ask all checks, or those given, that read such a value. Raises BrokenCheck: one of another distribution fails."""
    missing = value.not_examined if isinstance(value, Partial) else ()
    skipped: dict[NotExamined, list[Check[Any]]] = {}
    answers: dict[str, list[Finding | NotExamined]] = {}
    for check in load_checks() if checks is None else checks:
        if isinstance(value, check.reads):
            if (cause := _lacking(missing, check)) is not None:
                skipped.setdefault(cause, []).append(check)
            else:
                answers[check.name] = _ask(check, _examinable(value, check))
    every = [answer for given in answers.values() for answer in given]
    unseen = [skip_checks(ones, cause) for cause, ones in skipped.items()]
    unseen += [answer for answer in every if isinstance(answer, NotExamined)]
    return CheckRun(
        findings=tuple(answer for answer in every if isinstance(answer, Finding)),
        not_examined=(*missing, *unseen),
        names=tuple(name for name, given in answers.items() if _looked(given)),
    )


def _lacking(missing: Iterable[NotExamined], check: Check[Any]) -> NotExamined | None:
    """Return why a check cannot run."""
    entries = tuple(missing)
    spanned = set(check.needs) - {"statistics"} if check.spans_keys else set()
    part = next((one for one in entries if one.relations and not spanned.isdisjoint(one.parts)), None)
    return lacking(entries, check.needs) or part


def _examinable(value: object, check: Check[Any]) -> object:
    """Return the value without the tables of which something is missing that the check needs.

    What is known of their columns' values is another matter: a check asks for it by column, and says what it lacks.
    """
    if not isinstance(value, Snapshot):
        return value
    needs = set(check.needs) - {"statistics"}
    unread = [name for one in value.not_examined if needs & set(one.parts) for name in one.relations]
    known = [name for name in unread if name in value.table_by_name]
    return value.without(known) if known else value


def skip_checks(checks: Sequence[Check[Any]], cause: NotExamined) -> NotExamined:
    """Return that checks looked at nothing, and why: one entry for all of them."""
    names = tuple(check.name for check in checks)
    return NotExamined(", ".join(names), cause.reason, cause.remedy, checks=names)


def set_apart(findings: Iterable[Finding], policy: Policy) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
    """Return the findings worst first, and apart those that the team allows by their check or their key."""
    ordered = sorted(findings, key=lambda finding: finding.badness)
    allowed = tuple(one for one in ordered if one.check in policy.allow or one.key in policy.allow)
    return tuple(one for one in ordered if one not in allowed), allowed


def _ask(check: Check[Any], value: object) -> list[Finding | NotExamined]:
    try:
        answers: list[object] = list(check.find(value))
    except PgwrightError:
        raise
    except (Exception, SystemExit) as error:
        if (origin := origin_of(check)) == OWN:
            raise
        raise BrokenCheck(origin, f"the check {check.name!r} failed: {type(error).__name__}: {error}") from error
    known = [answer for answer in answers if isinstance(answer, Finding | NotExamined)]
    if len(known) < len(answers):
        other = next(answer for answer in answers if not isinstance(answer, Finding | NotExamined))
        reason = f"the check {check.name!r} yields {type(other).__name__}, no Finding and no NotExamined"
        raise BrokenCheck(origin_of(check), reason)
    return known


def _looked(answers: list[Finding | NotExamined]) -> bool:
    """Tell whether a check did more than say that it could look at nothing."""
    return not answers or any(isinstance(answer, Finding) or not answer.checks for answer in answers)
