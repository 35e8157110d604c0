"""What `plan` gives: the plan of a statement, and the one after a change."""

from __future__ import annotations

from pgwright.model.comparison import StatementComparison
from pgwright.report.kind import Kind
from pgwright.report.plan import words
from pgwright.report.plan.document import SHAPES
from pgwright.report.plan.terminal import show

# In format 1, of pgwright 0.1, this kind was what `fix` gives.
KIND = Kind(StatementComparison, version=2, show=show, words=words, shapes=SHAPES)
