"""What `check` gives: scores and findings."""

from __future__ import annotations

from pgwright.model.finding import Diagnosis
from pgwright.report.diagnosis import words
from pgwright.report.diagnosis.document import SHAPES, SHAPES_OF_ALL
from pgwright.report.diagnosis.terminal import show
from pgwright.report.kind import Kind

KIND = Kind(Diagnosis, version=1, show=show, words=words, shapes=SHAPES, shapes_of_all=SHAPES_OF_ALL)
