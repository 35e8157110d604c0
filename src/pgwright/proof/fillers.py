"""Values for parameters that are compared with nothing: any constant of a type that the statement takes."""

from __future__ import annotations

from collections.abc import Sequence

from psycopg import sql

from pgwright.proof.session import CopySession

# By the type's name as `format_type` gives it, the likeliest first. A length of time decides how much is read.
_OF_TYPE: dict[str, Sequence[str]] = {
    **dict.fromkeys(("smallint", "integer", "bigint", "numeric", "real", "double precision", "oid"), ("1",)),
    **dict.fromkeys(("text", "character varying", "character", "name", "unknown"), ("1", "a")),
    "boolean": ("true", "false"),
    "interval": ("1 day", "30 days", "1 hour", "7 days", "365 days", "5 minutes"),
    **dict.fromkeys(("date", "timestamp without time zone", "timestamp with time zone"), ("2000-01-01",)),
    **dict.fromkeys(("time without time zone", "time with time zone"), ("12:00",)),
    "uuid": ("00000000-0000-0000-0000-000000000000",),
    "bytea": ("\\x00",),
    **dict.fromkeys(("json", "jsonb"), ("{}",)),
    **dict.fromkeys(("inet", "cidr"), ("192.0.2.1",)),
    "jsonpath": ("$",),
    "tsquery": ("a",),
    "regconfig": ("simple",),
}
_LABELS = (
    "SELECT e.enumlabel::text FROM pg_catalog.pg_enum e"
    " WHERE e.enumtypid = pg_catalog.to_regtype({}) ORDER BY e.enumsortorder LIMIT 3"
)


def fillers(type_name: str, session: CopySession) -> tuple[str, ...]:
    """Return some values of a type; none where nobody knows any."""
    if type_name.endswith("[]"):
        elements = fillers(type_name.removesuffix("[]"), session)
        return tuple(f'{{"{one}"}}' for one in elements[:1])
    if (known := _OF_TYPE.get(type_name.split("(")[0])) is not None:
        return tuple(known)
    return tuple(label for (label,) in session.rows(sql.SQL(_LABELS).format(sql.Literal(type_name))))
