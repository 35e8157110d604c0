"""How the JSON of a Proof differs from its dataclasses."""

from __future__ import annotations

import math

from pgwright.model.proof import MeasuredOperation, MeasuredStatement, MeasuredWrite, Proof
from pgwright.report.proof.words import Measured, conclusion, is_proved
from pgwright.report.shape import Shape, Shapes


def before_ms(one: Measured | MeasuredWrite) -> float:
    """Median before."""
    return one.before.median_ms


def after_ms(one: Measured | MeasuredWrite) -> float:
    """Median after."""
    return one.after.median_ms


def ratio(one: Measured | MeasuredWrite) -> float | None:
    """How many times faster after: before ÷ after, by medians; null when it is infinite."""
    return one.ratio if math.isfinite(one.ratio) else None


SHAPES: Shapes = {
    Proof: Shape(last=("balance", is_proved, conclusion)),
    MeasuredOperation: Shape(last=(before_ms, after_ms, ratio)),
    MeasuredStatement: Shape(last=(before_ms, after_ms, ratio, "is_representative")),
    MeasuredWrite: Shape(last=(before_ms, after_ms, ratio)),
}
