"""What `erase` gives: what happens to a person's rows, and what stands in the way."""

from __future__ import annotations

from pgwright.model.erasure import ErasureRun
from pgwright.report.erasure import words
from pgwright.report.erasure.document import SHAPES
from pgwright.report.erasure.terminal import show
from pgwright.report.kind import Kind

KIND = Kind(ErasureRun, version=1, show=show, words=words, shapes=SHAPES)
