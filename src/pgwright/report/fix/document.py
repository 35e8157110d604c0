"""How the JSON of a Fix differs from its dataclasses."""

from __future__ import annotations

import math

from pgwright.model.gain import Gain, MeasuredGain
from pgwright.model.remedy import Remedy
from pgwright.report.proof import document as proof
from pgwright.report.shape import Shape, Shapes


def kind(remedy: Remedy) -> str:
    """What it changes: `CreateIndex`, `DropIndex`, …"""
    return type(remedy.change).__name__


def ratio(gain: MeasuredGain) -> float | None:
    """How many times faster after: before ÷ after; null when it is infinite."""
    return gain.ratio if math.isfinite(gain.ratio) else None


SHAPES: Shapes = {
    **proof.SHAPES,
    Remedy: Shape(first=(kind,), without=frozenset({"change"})),
    Gain: Shape(last=("is_measurable", "words")),
    MeasuredGain: Shape(last=(ratio, "words")),
}
