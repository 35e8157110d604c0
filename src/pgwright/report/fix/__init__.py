"""What `fix` gives: remedies in their order, and what they leave open."""

from __future__ import annotations

from pgwright.model.fix import Fix
from pgwright.report.fix import words
from pgwright.report.fix.document import SHAPES
from pgwright.report.fix.terminal import show
from pgwright.report.kind import Kind

KIND = Kind(Fix, version=1, show=show, words=words, shapes=SHAPES)
