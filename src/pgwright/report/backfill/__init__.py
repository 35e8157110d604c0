"""What `backfill` gives: which rows were done, would be, or are left."""

from __future__ import annotations

from pgwright.model.backfilled import Backfilled
from pgwright.report.backfill import words
from pgwright.report.backfill.document import SHAPES
from pgwright.report.backfill.terminal import show
from pgwright.report.kind import Kind

KIND = Kind(Backfilled, version=1, show=show, words=words, shapes=SHAPES)
