"""What a user's app imports: engines with sane limits, and a counter of statements. It knows nothing of the tool.

The larger parts are packages of their own, imported by name: `guard`, `paging`, `pools`, `replicas`, `tenancy`.
Sync names are plain, async ones begin with `Async` or `async_`, and a function that takes a session or an engine takes
either: with an async one, await it.
"""

from pgwright_runtime.engine import Timeouts, create_async_engine, create_engine
from pgwright_runtime.errors import Error
from pgwright_runtime.statements import StatementCount, count_statements

__all__ = ["Error", "StatementCount", "Timeouts", "count_statements", "create_async_engine", "create_engine"]
