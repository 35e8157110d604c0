"""How the JSON of a Retained differs from its dataclasses."""

from __future__ import annotations

from pgwright.model.retained import Retained, RetainedRule
from pgwright.report.shape import Shape, Shapes

SHAPES: Shapes = {Retained: Shape(last=("total",)), RetainedRule: Shape(last=("total",))}
