"""How the JSON of a Fix differs from its dataclasses."""

from __future__ import annotations

import math

from pgwright.model.gain import Gain, MeasuredGain
from pgwright.model.patch import FileEdit
from pgwright.model.remedy import Remedy
from pgwright.report.proof import document as proof
from pgwright.report.shape import Shape, Shapes


def kind(remedy: Remedy) -> str:
    """What it changes: `CreateIndex`, `DropIndex`, …"""
    return type(remedy.change).__name__


def path(edit: FileEdit) -> str:
    """The file."""
    return str(edit.path)


def ratio(gain: MeasuredGain) -> float | None:
    """How many times faster after: before ÷ after; null when it is infinite."""
    return gain.ratio if math.isfinite(gain.ratio) else None


SHAPES: Shapes = {
    **proof.SHAPES,
    Remedy: Shape(first=(kind,), without=frozenset({"change"})),
    FileEdit: Shape(first=(path,), last=("diff", "added", "removed"), without=frozenset({"path", "before", "after"})),
    Gain: Shape(last=("is_measurable", "words")),
    MeasuredGain: Shape(last=(ratio, "words")),
}
