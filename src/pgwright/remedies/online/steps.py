"""Steps of a series: each may run again, and none makes anybody wait for long."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pgwright.model.index import IndexDefinition
from pgwright.model.names import QualifiedName, quote, quote_literal
from pgwright.model.remedy import BackfillCall, LockMode, Step

# Who comes after a statement that waits for a lock waits as long, and then for its work: a second in all is the bar.
WAIT, TRIES = "300ms", 100


def brief(sql: str, lock: LockMode, *tables: QualifiedName) -> Step:
    """Return a step of its own transaction that locks for a moment."""
    return Step(sql, False, lock, tuple(map(str, tables)), wait=WAIT, tries=TRIES)


def swapping(sql: str, tables: Iterable[QualifiedName]) -> Step:
    """Return the step that holds all locks of the series: it runs in the revision's transaction, or not at all."""
    return Step(sql, True, "ACCESS EXCLUSIVE", tuple(map(str, tables)), wait=WAIT, tries=TRIES)


def long(sql: str, *tables: QualifiedName) -> Step:
    """Return a step that reads a whole table, which stops neither reads nor writes."""
    return Step(sql, False, "SHARE UPDATE EXCLUSIVE", tuple(map(str, tables)), waits_long=True)


def built(definition: IndexDefinition) -> Step:
    name = QualifiedName(definition.table.schema, definition.name)
    sql = definition.sql(concurrently=True, if_not_exists=True)
    return Step(sql, False, "SHARE UPDATE EXCLUSIVE", (str(definition.table),), builds=str(name))


def unbuilt(definition: IndexDefinition) -> Step:
    name = QualifiedName(definition.table.schema, definition.name)
    sql = f"DROP INDEX CONCURRENTLY IF EXISTS {name}"
    return Step(sql, False, "SHARE UPDATE EXCLUSIVE", (str(definition.table),), waits_long=True)


def checked(table: QualifiedName, name: str, condition: str) -> tuple[Step, Step]:
    """Return the steps that prove a condition of all rows without holding up who writes them."""
    add = f"ALTER TABLE {table} ADD CONSTRAINT {quote(name)} CHECK ({condition}) NOT VALID"
    return (
        brief(unless_constraint(table, name, add), "ACCESS EXCLUSIVE", table),
        long(f"ALTER TABLE {table} VALIDATE CONSTRAINT {quote(name)}", table),
    )


def unless_constraint(table: QualifiedName, name: str, sql: str) -> str:
    """Return the block that does something unless the table has a constraint of this name."""
    condition = (
        f"SELECT FROM pg_constraint WHERE conrelid = {literal(str(table))}::regclass AND conname = {literal(name)}"
    )
    return unless(condition, sql)


def unless(condition: str, sql: str) -> str:
    """Return the block that does something unless a query finds a row."""
    tag = tag_for(sql + condition)
    return (
        f"DO {tag}\nBEGIN\n    IF NOT EXISTS (\n        {condition}\n    ) THEN\n        {sql};\n    END IF;\nEND {tag}"
    )


def nested(sql: str) -> str:
    """Return a DO block as a block inside of another, and any other statement as it is."""
    if not sql.startswith("DO "):
        return sql
    tag = sql.split(maxsplit=2)[1]
    return sql.removeprefix("DO ").removeprefix(tag).strip().removesuffix(tag).rstrip()


def tag_for(text: str) -> str:
    """Return a dollar quote that a text does not hold."""
    tag = "$block$"
    while tag in text:
        tag = f"{tag[:-1]}_$"
    return tag


def literal(value: str) -> str:
    return quote_literal(value).strip()


def declared(name: str, table: QualifiedName, sets: Mapping[str, str], where: str) -> Step:
    """Return the step that declares a backfill."""
    schema = "" if table.schema == "public" else table.schema
    return _called(BackfillCall("declare_backfill", name, table.name, schema, tuple(sets.items()), where))


def required(backfill: str) -> Step:
    """Return the step that fails unless a backfill is done."""
    return _called(BackfillCall("require_backfill", backfill))


def forgotten(backfill: str) -> Step:
    """Return the step after which a backfill is declared no more."""
    return _called(BackfillCall("drop_backfill", backfill))


def _called(call: BackfillCall) -> Step:
    return Step("", False, "none", (), backfill=call)
