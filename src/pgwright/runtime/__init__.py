"""What a user's app imports: an engine with sane limits, and a counter of statements. It knows nothing of the tool."""

from pgwright.runtime.engine import create_engine
from pgwright.runtime.statements import StatementCount, count_statements

__all__ = ["StatementCount", "count_statements", "create_engine"]
