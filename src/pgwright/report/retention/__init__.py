"""What `retain` gives: which rows went, or would go, and which due ones stay."""

from __future__ import annotations

from pgwright.model.retained import Retained
from pgwright.report.kind import Kind
from pgwright.report.retention import words
from pgwright.report.retention.document import SHAPES
from pgwright.report.retention.terminal import show

KIND = Kind(Retained, version=1, show=show, words=words, shapes=SHAPES)
