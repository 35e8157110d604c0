"""How the JSON of a Fix differs from its dataclasses."""

from __future__ import annotations

from pgwright.model.remedy import Remedy
from pgwright.report.shape import Shape, Shapes


def kind(remedy: Remedy) -> str:
    """What it changes: `CreateIndex`, `DropIndex`, …"""
    return type(remedy.change).__name__


SHAPES: Shapes = {Remedy: Shape(first=(kind,), without=frozenset({"change"}))}
