"""How the JSON of a Deployment differs from its dataclasses."""

from __future__ import annotations

from pgwright.model.deployment import ComparedStatement, CountedStatement
from pgwright.report.shape import Shape, Shapes

SHAPES: Shapes = {
    CountedStatement: Shape(last=("mean_ms", "blocks_per_call"), without=frozenset({"squares"})),
    ComparedStatement: Shape(last=("ratio",)),
}
