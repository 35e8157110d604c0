"""Which revisions Alembic has applied: the one table of the user that is read."""

from __future__ import annotations

from pgwright.database import ReadOnlyDatabase
from pgwright.errors import QueryFailed
from pgwright.model.not_examined import NotExamined
from pgwright.snapshot.failures import remedy_of
from pgwright.snapshot.grants import Grants
from pgwright.snapshot.tables import PACKAGE

_WHAT = "the revision in alembic_version"


def read_revisions(database: ReadOnlyDatabase, grants: Grants, missing: list[NotExamined]) -> tuple[str, ...]:
    """Return what `public.alembic_version` holds, in order; () where there is none.

    Only a plain table is asked: a view of that name, a foreign table, a policy, or a type of the user could run code of
    whoever made it, with our rights. The server refuses views itself, so that none can slip in meanwhile.
    """
    found = database.read(PACKAGE, "alembic_version")
    if not found:
        return ()
    (row,) = found
    if not row["may_read"]:
        missing.append(NotExamined(_WHAT, "the role may not read the table", grants.read(["public"])))
        return ()
    if not row["is_plain"]:
        missing.append(NotExamined(_WHAT, "public.alembic_version is no plain table of texts, so it was not asked"))
        return ()
    if not database.refuses_views:
        reason = "the server is too old to refuse views, so no table is read by its name"
        missing.append(NotExamined(_WHAT, reason, "update it to its newest minor release"))
        return ()
    try:
        database.query("SELECT set_config('row_security', 'off', true) AS done")  # an error, rather than a policy
        rows = database.query("SELECT version_num AS revision FROM ONLY public.alembic_version", subject=_WHAT)
    except QueryFailed as error:
        missing.append(NotExamined(_WHAT, error.reason, remedy_of(error, database)))
        return ()
    return tuple(sorted(row["revision"] for row in rows if row["revision"] is not None))
