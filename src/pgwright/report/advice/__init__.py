"""What `advise` gives: the indexes to create and to drop, with reasons and prices."""

from __future__ import annotations

from pgwright.model.advice import Advice
from pgwright.report.advice import words
from pgwright.report.advice.document import SHAPES
from pgwright.report.advice.terminal import show
from pgwright.report.kind import Kind

KIND = Kind(Advice, version=1, show=show, words=words, shapes=SHAPES)
