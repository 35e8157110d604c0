"""How the JSON of a Lint differs from its dataclasses."""

from __future__ import annotations

from pgwright.model.lint import Lint, LintedLock, LintedStatement
from pgwright.report.findings import FINDING_SHAPES
from pgwright.report.lint.words import verdict
from pgwright.report.shape import Shape, Shapes

SHAPES: Shapes = {
    **FINDING_SHAPES,
    Lint: Shape(first=(verdict,), last=("has_sizes",)),
    LintedLock: Shape(last=("stops",)),
    LintedStatement: Shape(last=("stops",)),
}
