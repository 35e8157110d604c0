"""Stage 1, the app's pending revisions: run on an empty database with production's schema, statement by statement."""

from pgwright.observing.chain import NOT_REPLAYED
from pgwright.observing.observe import LintOrder, observe, server_for
from pgwright.observing.start import Start, start_of

__all__ = ["NOT_REPLAYED", "LintOrder", "Start", "observe", "server_for", "start_of"]
