"""The SQL of the Alembic operations; it stands for itself, so it can be printed as well."""

from __future__ import annotations

from collections.abc import Iterator

from pgwright_runtime._sql import filled_sql, literal, quote, quoted, read_sql, shortened
from pgwright_runtime.backfills.declaration import Backfill

PACKAGE = "pgwright_runtime.backfills"
TABLE = "pgwright_backfill"
SMALL_BYTES = 2**20
"""A table up to this size is done where it is declared: some ten thousand rows, some ten milliseconds."""
# Triggers fire in the order of their names, and what others change in a row has to be seen.
_TRIGGER = "zz_pgwright_fill_"
_FUNCTION = "pgwright_fill_"


def table_statement(schema: str | None) -> str:
    """Return what makes the table of backfills where it is missing."""
    return _filled("table", schema, {"WRITERS": read_sql(PACKAGE, "writers").strip()})


def declare_statement(backfill: Backfill, schema: str | None) -> str:
    """Return what stores a declaration."""
    return _filled(
        "declare",
        schema,
        {
            "BACKFILL_NAME": literal(backfill.name),
            "TARGET_NAME": literal(backfill.relation),
            "SETS": literal(backfill.sets_json),
            "CONDITION": literal(backfill.where),
            "KEY": literal(backfill.key_json),
            "READS": literal(backfill.reads),
        },
    )


def drop_statement(name: str, schema: str | None) -> str:
    """Return what forgets a backfill."""
    return _filled("drop", schema, {"BACKFILL_NAME": literal(name)})


def require_statement(name: str, schema: str | None) -> str:
    """Return what raises unless a backfill is done."""
    return _filled("require", schema, {"BACKFILL_NAME": literal(name)})


def small_statement(backfill: Backfill, schema: str | None) -> str:
    """Return what does a backfill whose table is small."""
    assignments = (f"{quote(column)} = {value}" for column, value in backfill.assignments().items())
    return _filled(
        "fill_small",
        schema,
        {
            "BACKFILL_NAME": literal(backfill.name),
            "TARGET_NAME": literal(backfill.relation),
            "TARGET_TABLE": backfill.relation,
            "SMALL_BYTES": str(SMALL_BYTES),
            "ASSIGNMENTS": ", ".join(assignments),
            "CONDITION": backfill.condition,
        },
    )


def function_statement(backfill: Backfill, schema: str | None) -> str:
    """Return what makes the function that keeps rows filled."""
    columns = list(backfill.sets)
    new = [f"pgwright_new_{number}" for number in range(len(columns))]
    old = [f"pgwright_old_{number}" for number in range(len(columns))]
    types = [f"{backfill.relation}.{quote(column)}%TYPE" for column in columns]
    declared = [f"{name} {kind};" for names in (new, old) for name, kind in zip(names, types, strict=True)]
    each = [
        # As text: not every type has an equality.
        f"IF NEW.{column}::text IS NOT DISTINCT FROM OLD.{column}::text\n"
        f"            AND (pgwright_is_to_do OR OLD.{column}::text IS NOT DISTINCT FROM {was}::text) THEN\n"
        f"            NEW.{column} := {becomes};\n        END IF;"
        for column, becomes, was in zip(map(quote, columns), new, old, strict=True)
    ]
    return _filled(
        "keep_filled",
        schema,
        {
            "FUNCTION_NAME": function_name(backfill.name, schema),
            "VARIABLES": "\n    ".join(declared),
            "CONDITION": backfill.condition,
            "VALUES_OF_ROW": ", ".join(backfill.assignments().values()),
            "NEW_VARIABLES": ", ".join(new),
            "OLD_VARIABLES": ", ".join(old),
            "TABLE_ALIAS": quote(backfill.table),
            "FILL_ALL": "\n            ".join(f"NEW.{quote(c)} := {n};" for c, n in zip(columns, new, strict=True)),
            "FILL_EACH": "\n        ".join(each),
        },
    )


def trigger_statements(backfill: Backfill, schema: str | None) -> Iterator[str]:
    """Yield what has the function called; not for what the backfill sets itself, which is set already."""
    same = (f"NEW.{c}::text IS NOT DISTINCT FROM OLD.{c}::text" for c in map(quote, backfill.sets))
    for event, suffix, condition in (("INSERT", "_i", ""), ("UPDATE", "_u", f" WHEN ({' OR '.join(same)})")):
        name = quote(shortened(_TRIGGER, backfill.name + suffix))
        yield (
            f"CREATE TRIGGER {name} BEFORE {event} ON {backfill.relation} "
            f"FOR EACH ROW{condition} EXECUTE FUNCTION {function_name(backfill.name, schema)}()"
        )


def drop_function_statement(name: str, schema: str | None) -> str:
    """Return what drops the function, and with it its triggers."""
    return f"DROP FUNCTION IF EXISTS {function_name(name, schema)}() CASCADE"


def function_name(name: str, schema: str | None) -> str:
    return quoted(shortened(_FUNCTION, name), schema)


def _filled(name: str, schema: str | None, literals: dict[str, str]) -> str:
    table = quoted(TABLE, schema)
    return filled_sql(PACKAGE, name, {"STATE_NAME": literal(table), "STATE_TABLE": table, **literals})
