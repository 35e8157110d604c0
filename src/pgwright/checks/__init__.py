"""Stage 2: the value of a source becomes findings. One file per check, `<subject>/<check>.py`; a file adds a check."""

from pgwright.checks.causes import unite_causes
from pgwright.checks.loader import OWN, load_checks, origin_of, require_check, require_checks, without_plugins
from pgwright.checks.run import CheckRun, run_checks, set_apart, skip_checks
from pgwright.checks.scorecard import score_subjects
from pgwright.checks.slowest import slowest_statements

__all__ = [
    "OWN",
    "CheckRun",
    "load_checks",
    "origin_of",
    "require_check",
    "require_checks",
    "run_checks",
    "score_subjects",
    "set_apart",
    "skip_checks",
    "slowest_statements",
    "unite_causes",
    "without_plugins",
]
