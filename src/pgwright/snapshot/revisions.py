"""Which revisions Alembic has applied: read from its own table, with care."""

from __future__ import annotations

from pgwright.database import ReadOnlyDatabase
from pgwright.errors import QueryFailed
from pgwright.figures import listing
from pgwright.model.names import quote
from pgwright.model.not_examined import NotExamined
from pgwright.snapshot.failures import remedy_of
from pgwright.snapshot.grants import Grants
from pgwright.snapshot.tables import PACKAGE

_WHAT = "the revision in alembic_version"
_DEFAULT = "public"


def read_revisions(
    database: ReadOnlyDatabase, grants: Grants, missing: list[NotExamined]
) -> tuple[tuple[str, ...], str]:
    """Return what `alembic_version` holds, in order, () where there is none; and the schema that it is in.

    That is `public`, or the one other schema that has such a table, as `version_table_schema` makes it. Only a plain
    table is asked: a view of that name, a foreign table, a policy, or a type of the user could run code of whoever made
    it, with our rights. The server refuses views itself, so that none can slip in meanwhile.
    """
    found = database.read(PACKAGE, "alembic_version")
    if not found:
        return (), _DEFAULT
    row, *others = found
    schema = str(row["schema"])
    if others and schema != _DEFAULT:
        places = listing([str(one["schema"]) for one in found], most=3)
        missing.append(NotExamined(_WHAT, f"{places} have one each, and each may be at another revision"))
        return (), _DEFAULT
    if not row["may_read"]:
        missing.append(NotExamined(_WHAT, "the role may not read the table", grants.read([schema])))
        return (), schema
    table = f"{quote(schema)}.alembic_version"
    if not row["is_plain"]:
        missing.append(NotExamined(_WHAT, f"{table} is no plain table of texts, so it was not asked"))
        return (), schema
    if not database.refuses_views:
        reason = "the server is too old to refuse views, so no table is read by its name"
        missing.append(NotExamined(_WHAT, reason, "update it to its newest minor release"))
        return (), schema
    try:
        database.query("SELECT set_config('row_security', 'off', true) AS done")  # an error, rather than a policy
        rows = database.read(PACKAGE, "alembic_revisions", relation=table)
    except QueryFailed as error:
        missing.append(NotExamined(_WHAT, error.reason, remedy_of(error, database)))
        return (), schema
    return tuple(sorted(row["revision"] for row in rows if row["revision"] is not None)), schema
