"""Stage 1, the app's pending revisions: run on an empty database with production's schema, statement by statement."""

from pgwright.observing.observe import LintOrder, observe

__all__ = ["LintOrder", "observe"]
