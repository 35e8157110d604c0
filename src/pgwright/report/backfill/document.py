"""How the JSON of a Backfilled differs from its dataclasses."""

from __future__ import annotations

from pgwright.model.backfilled import Backfilled
from pgwright.report.shape import Shape, Shapes

SHAPES: Shapes = {Backfilled: Shape(last=("changed",))}
