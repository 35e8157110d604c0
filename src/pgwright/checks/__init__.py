"""Stage 2: the value of a source becomes findings. One file per check, `<subject>/<check>.py`; a file adds a check."""

from pgwright.checks.loader import load_checks, origin_of, require_check
from pgwright.checks.run import CheckRun, run_checks, set_apart, skip_checks
from pgwright.checks.scorecard import score_subjects

__all__ = [
    "CheckRun",
    "load_checks",
    "origin_of",
    "require_check",
    "run_checks",
    "score_subjects",
    "set_apart",
    "skip_checks",
]
