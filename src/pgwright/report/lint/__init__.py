"""What `migrations lint` gives: what pending revisions did on the twin, and what they would do to the app."""

from __future__ import annotations

from pgwright.model.lint import Lint
from pgwright.report.kind import Kind
from pgwright.report.lint import words
from pgwright.report.lint.document import SHAPES
from pgwright.report.lint.terminal import show

KIND = Kind(Lint, version=1, show=show, words=words, shapes=SHAPES)
