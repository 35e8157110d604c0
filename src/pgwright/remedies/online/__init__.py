"""Change the type of columns while old and new code run: a series of revisions in place of one rewrite.

How both kinds of code work side by side was decided by trying (SQLAlchemy with asyncpg): no type of the models suits a
text and a uuid column alike. `String` binds `$1::VARCHAR`, `Uuid` binds `$1::UUID`, and the server has no operator
between them; a type without a cast suits both, until the driver has prepared the statement: then its parameter is text
for good, and every statement fails once the column is a uuid. Even where the parameter fits (int and bigint), a
prepared statement ends with "cached plan must not change result type". So a column never changes its type under a
connection: each kind of code has its own column, in step by a trigger, and finds it under the one name, for the new
code reads the tables through views in a schema that comes first on its `search_path`.

1. expand: the new columns, the triggers, the backfill declared.
2. build: all that the new columns need, concurrently, and the views by which new code sees them.
3. swap: the new columns take the names; old code may go on by views of its own.
4. contract: views, triggers and old columns go.
"""

from pgwright.remedies.online.obstacles import online_obstacles
from pgwright.remedies.online.remedies import go_online
from pgwright.remedies.online.series import NEW_SCHEMA, OLD_SCHEMA, Series, series_of
from pgwright.remedies.online.zones import stated_times

__all__ = ["NEW_SCHEMA", "OLD_SCHEMA", "Series", "go_online", "online_obstacles", "series_of", "stated_times"]
