"""How the JSON of an ErasureRun differs from its dataclasses."""

from __future__ import annotations

from pgwright.model.erasure import ErasureRun
from pgwright.report.shape import Shape, Shapes

SHAPES: Shapes = {ErasureRun: Shape(last=("rows",))}
