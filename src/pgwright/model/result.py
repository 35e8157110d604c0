"""Whatever a stage gives and a report shows."""

from __future__ import annotations

from pgwright.model.advice import Advice
from pgwright.model.comparison import StatementComparison
from pgwright.model.finding import Diagnosis
from pgwright.model.fix import Fix
from pgwright.model.probe import Probe
from pgwright.model.proof import Proof

Result = Diagnosis | Advice | Fix | Proof | StatementComparison | Probe
"""Each has its `kind`: the word that the JSON says and the name of its templates."""
