"""Find all checks by walking the folder, and ask each of a snapshot."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import import_module

from pgwright.model.finding import SEVERITIES, Check, Confidence, Finding
from pgwright.model.not_examined import NotExamined
from pgwright.model.policy import Policy
from pgwright.model.snapshot import Snapshot

PACKAGE = "pgwright.checks"
CONFIDENCES: tuple[Confidence, ...] = ("certain", "likely", "possible")


@dataclass(frozen=True)
class CheckRun:
    """What the checks gave back."""

    findings: tuple[Finding, ...]
    """Worst first, then surest first."""
    not_examined: tuple[NotExamined, ...]
    names: tuple[str, ...]
    """The checks that ran."""
    allowed: tuple[Finding, ...]
    """What the policy leaves out."""


@cache
def load_checks() -> tuple[Check, ...]:
    """Return every check of every subject, by subject and name."""
    folder = import_module(PACKAGE).__path__
    modules = [module for module in pkgutil.walk_packages(folder, f"{PACKAGE}.") if not module.ispkg]
    depth = PACKAGE.count(".") + 2  # pgwright.checks.<subject>.<check>
    names = sorted(module.name for module in modules if module.name.count(".") == depth)
    return tuple(import_module(name).CHECK for name in names)


def run_checks(snapshot: Snapshot, checks: Iterable[Check] | None = None) -> CheckRun:
    """Ask all checks, or those given, of a snapshot."""
    asked = load_checks() if checks is None else tuple(checks)
    answers = [answer for check in asked for answer in check.find(snapshot)]
    findings = sorted((answer for answer in answers if isinstance(answer, Finding)), key=_badness)
    return CheckRun(
        findings=tuple(finding for finding in findings if not is_allowed(finding, snapshot.policy)),
        not_examined=tuple(answer for answer in answers if isinstance(answer, NotExamined)),
        names=tuple(check.name for check in asked),
        allowed=tuple(finding for finding in findings if is_allowed(finding, snapshot.policy)),
    )


def is_allowed(finding: Finding, policy: Policy) -> bool:
    """Tell whether the team wants to live with a finding: its check, or `check:object`, is in `allow`."""
    return finding.check in policy.allow or finding.key in policy.allow


def _badness(finding: Finding) -> tuple[int, int, str]:
    # Within a check its own order stays: the most important first.
    return SEVERITIES.index(finding.severity), CONFIDENCES.index(finding.confidence), finding.check
