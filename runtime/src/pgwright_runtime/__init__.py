"""What a user's app imports: engines with sane limits, and a counter of statements. It knows nothing of the tool.

The larger parts are packages of their own, imported by name: `guard`, `paging`, `pools`, `replicas`, `tenancy`.
"""

from pgwright_runtime.engine import create_async_engine, create_engine
from pgwright_runtime.statements import StatementCount, count_statements

__all__ = ["StatementCount", "count_statements", "create_async_engine", "create_engine"]
