"""What `prove` gives: times, plans and results before and after."""

from __future__ import annotations

from pgwright.model.proof import Proof
from pgwright.report.kind import Kind
from pgwright.report.proof import words
from pgwright.report.proof.document import SHAPES
from pgwright.report.proof.terminal import show

KIND = Kind(Proof, version=1, show=show, words=words, shapes=SHAPES)
