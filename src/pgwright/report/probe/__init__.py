"""What `probe` gives: what each endpoint asked of the database."""

from __future__ import annotations

from pgwright.model.probe import Probe
from pgwright.report.kind import Kind
from pgwright.report.probe import words
from pgwright.report.probe.document import SHAPES
from pgwright.report.probe.terminal import show

KIND = Kind(Probe, version=1, show=show, words=words, shapes=SHAPES)
