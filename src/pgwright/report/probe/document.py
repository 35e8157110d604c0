"""How the JSON of a Probe differs from its dataclasses."""

from __future__ import annotations

from pgwright.model.probe import ProbedEndpoint
from pgwright.report.findings import FINDING_SHAPES
from pgwright.report.shape import Shape, Shapes

SHAPES: Shapes = {**FINDING_SHAPES, ProbedEndpoint: Shape(last=("growth",))}
