"""How the JSON of a Diagnosis differs from its dataclasses, and where it is cut by default."""

from __future__ import annotations

import sys
from collections import Counter

from pgwright.model.finding import SEVERITIES, Diagnosis, Finding, Severity
from pgwright.model.names import QualifiedName
from pgwright.model.not_examined import NotExamined
from pgwright.report.diagnosis.words import first_things
from pgwright.report.findings import FINDING_SHAPES
from pgwright.report.shape import Shape, Shapes

# A finding takes about 1.5 kB, and of a database of 10,000 tables there are tens of thousands.
_MOST_FINDINGS, _MOST_RELATIONS = 1_000, 100


def summary(diagnosis: Diagnosis) -> dict[Severity, int]:
    """Number of findings by severity, those that are not listed among them."""
    counts = Counter(finding.severity for finding in diagnosis.findings)
    return {severity: counts[severity] for severity in SEVERITIES}


def do_first(diagnosis: Diagnosis) -> tuple[str, ...]:
    """Keys of the findings to begin with, three at most; none: nothing left is high, saves time or is fixable."""
    return tuple(finding.key for finding in first_things(diagnosis))


def _shapes(most_findings: int, most_relations: int) -> Shapes:
    """Return how a document looks that lists so many findings, and so many relations of what was not examined."""

    def findings(diagnosis: Diagnosis) -> tuple[Finding, ...]:
        """Worst first, one for each cause, those of the baseline left out; the first 1,000, and with --all all."""
        return diagnosis.findings[:most_findings]

    def findings_not_listed(diagnosis: Diagnosis) -> dict[str, int]:
        """Number of findings by check that are not in `findings`; --all lists them."""
        return dict(Counter(finding.check for finding in diagnosis.findings[most_findings:]))

    def relations(missing: NotExamined) -> tuple[QualifiedName, ...]:
        """The tables and sequences of which those fields are missing; the first 100, and with --all all."""
        return missing.relations[:most_relations]

    def relations_not_listed(missing: NotExamined) -> int:
        """Number of those that are not in `relations`; --all lists them."""
        return len(missing.relations[most_relations:])

    return {
        **FINDING_SHAPES,
        Diagnosis: Shape(last=(summary, do_first, findings, findings_not_listed)),
        NotExamined: Shape(last=(relations, relations_not_listed)),
    }


SHAPES = _shapes(_MOST_FINDINGS, _MOST_RELATIONS)
SHAPES_OF_ALL = _shapes(sys.maxsize, sys.maxsize)
