"""Stage 2: a Snapshot becomes findings. One file a check, `<subject>/<check>.py`; adding a file adds a check."""

from pgwright.checks.loader import CheckRun, load_checks, run_checks
from pgwright.checks.scorecard import score_subjects

__all__ = ["CheckRun", "load_checks", "run_checks", "score_subjects"]
