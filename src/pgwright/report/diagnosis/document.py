"""How the JSON of a Diagnosis differs from its dataclasses."""

from __future__ import annotations

from collections import Counter

from pgwright.model.finding import SEVERITIES, Diagnosis, Severity
from pgwright.report.findings import FINDING_SHAPES
from pgwright.report.shape import Shape, Shapes


def summary(diagnosis: Diagnosis) -> dict[Severity, int]:
    """Number of findings by severity."""
    counts = Counter(finding.severity for finding in diagnosis.findings)
    return {severity: counts[severity] for severity in SEVERITIES}


SHAPES: Shapes = {**FINDING_SHAPES, Diagnosis: Shape(last=(summary,))}
