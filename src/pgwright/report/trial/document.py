"""How the JSON of a Trial differs from its dataclasses."""

from __future__ import annotations

from pgwright.model.proof import MeasuredStatement
from pgwright.model.trial import Trial, TriedSetting
from pgwright.report.proof.document import SHAPES as OF_A_PROOF
from pgwright.report.shape import Shape, Shapes
from pgwright.report.trial.words import conclusion, is_proved

SHAPES: Shapes = {
    Trial: Shape(last=("best", is_proved, conclusion)),
    TriedSetting: Shape(last=("after_ms", "saved_ms", "saved_share", "balance", "verdict")),
    MeasuredStatement: OF_A_PROOF[MeasuredStatement],
}
