"""What `prove --settings` gives: settings, each with what it does to the time of the workload."""

from __future__ import annotations

from pgwright.model.trial import Trial
from pgwright.report.kind import Kind
from pgwright.report.trial import words
from pgwright.report.trial.document import SHAPES
from pgwright.report.trial.terminal import show

KIND = Kind(Trial, version=1, show=show, words=words, shapes=SHAPES)
