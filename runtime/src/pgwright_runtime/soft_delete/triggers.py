"""A foreign key to a deleted row is refused by the database, whatever program writes it: two triggers per table.

One looks at the rows that this table's rows refer to, as the check of a foreign key does: at INSERT, when the key
changes, and when the row lives again. It locks them FOR KEY SHARE, as that check does anyway, so that it never stands
in the way of another UPDATE. The other makes the UPDATE that marks a row wait for just that lock, as a DELETE would: it
takes the row FOR UPDATE. So whoever comes second sees what the first one did.

The functions run as their owner, as the checks of foreign keys do, and name all by schema.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pgwright_runtime._sql import quote, quoted
from pgwright_runtime.soft_delete.indexes import COLUMN
from pgwright_runtime.soft_delete.names import short_name
from pgwright_runtime.soft_delete.policies import text

CHECKS, LOCKS = "living_references", "lock_before_deletion"
"""The triggers' names."""
_TOLD = "-- pgwright: "
_MARK = quote(COLUMN)


@dataclass(frozen=True)
class LivingReference:
    """Columns that refer to rows which can be marked as deleted."""

    columns: tuple[str, ...]
    parent: str
    keys: tuple[str, ...]
    """The columns of the parent's table, in the same order."""
    schema: str | None = None
    """The parent's; None: as the table's own."""
    always: bool = True
    """Whether a row lives only while its parent does; False of ON DELETE SET NULL, where only a new key is refused."""

    def document(self) -> dict[str, Any]:
        """Return it as an operation takes it."""
        found = {"columns": list(self.columns), "parent": self.parent, "keys": list(self.keys)}
        return {
            **found,
            **({"schema": self.schema} if self.schema else {}),
            **({} if self.always else {"always": False}),
        }

    @classmethod
    def read(cls, document: Any) -> LivingReference:
        """Return what `document` gave."""
        rest = {"columns": tuple(document["columns"]), "keys": tuple(document["keys"])}
        return cls(**{**document, **rest})


@dataclass(frozen=True)
class TableTriggers:
    """What a table's triggers look after."""

    references: tuple[LivingReference, ...]
    is_marked: bool
    """Whether its own rows can be marked as deleted."""
    key: tuple[str, ...]
    """By which its rows are locked when they are marked; () if none refers to them."""

    def document(self) -> dict[str, Any]:
        """Return it as an operation takes it."""
        found: dict[str, Any] = {"references": [one.document() for one in self.references]}
        return {
            **found,
            **({"key": list(self.key)} if self.key else {}),
            **({} if self.is_marked else {"is_marked": False}),
        }

    @classmethod
    def read(cls, document: Any) -> TableTriggers:
        """Return what `document` gave."""
        references = tuple(LivingReference.read(one) for one in document["references"])
        return cls(references, document.get("is_marked", True), tuple(document.get("key", ())))

    @classmethod
    def of_source(cls, source: str) -> TableTriggers | None:
        """Return what a function was made from; None: it is another's."""
        first = source.strip().partition("\n")[0]
        return cls.read(json.loads(first.removeprefix(_TOLD))) if first.startswith(_TOLD) else None


def create_statements(table: str, schema: str, triggers: TableTriggers) -> Iterator[str]:
    """Yield the SQL that gives a table its triggers."""
    name = quoted(table, schema)
    if triggers.references:
        function = quoted(short_name(table, CHECKS), schema)
        columns = dict.fromkeys(column for one in triggers.references for column in one.columns)
        events = ", ".join(quote(column) for column in (*columns, *([COLUMN] if triggers.is_marked else [])))
        lives = f" WHEN (NEW.{_MARK} IS NULL)" if triggers.is_marked else ""
        yield _function(function, checking_source(schema, triggers))
        yield (
            f"CREATE CONSTRAINT TRIGGER {CHECKS} AFTER INSERT OR UPDATE OF {events} ON {name} "
            f"DEFERRABLE INITIALLY IMMEDIATE FOR EACH ROW{lives} EXECUTE FUNCTION {function}()"
        )
    if triggers.key:
        function = quoted(short_name(table, LOCKS), schema)
        yield _function(function, locking_source(table, schema, triggers))
        yield (
            f"CREATE TRIGGER {LOCKS} BEFORE UPDATE OF {_MARK} ON {name} "
            f"FOR EACH ROW WHEN (OLD.{_MARK} IS NULL AND NEW.{_MARK} IS NOT NULL) EXECUTE FUNCTION {function}()"
        )


def drop_statements(table: str, schema: str, triggers: TableTriggers) -> Iterator[str]:
    """Yield the SQL that takes them away."""
    for trigger, is_there in ((CHECKS, triggers.references), (LOCKS, triggers.key)):
        if is_there:
            yield f"DROP TRIGGER {trigger} ON {quoted(table, schema)}"
            yield f"DROP FUNCTION {quoted(short_name(table, trigger), schema)}()"


def checking_source(schema: str, triggers: TableTriggers) -> str:
    """Return the body of the function that looks at the rows referred to."""
    checks = "\n".join(_check(one, schema, triggers.is_marked) for one in triggers.references)
    return f"{_told(triggers)}\nBEGIN\n{checks}\n    RETURN NULL;\nEND\n"


def locking_source(table: str, schema: str, triggers: TableTriggers) -> str:
    """Return the body of the function that waits until nobody adds a row that refers to this one."""
    is_row = " AND ".join(f"this.{quote(column)} = OLD.{quote(column)}" for column in triggers.key)
    lock = f"PERFORM FROM {quoted(table, schema)} AS this WHERE {is_row} FOR UPDATE;"
    return f"{_told(triggers)}\nBEGIN\n    {lock}\n    RETURN NEW;\nEND\n"


def _told(triggers: TableTriggers) -> str:
    return _TOLD + json.dumps(triggers.document())


def _function(name: str, source: str) -> str:
    tag = "$pgwright$"
    while tag in source:  # a name may hold anything
        tag = f"{tag[:-1]}_$"
    return (
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER "
        f"SET search_path = pg_catalog, pg_temp AS {tag}\n{source}{tag}"
    )


def _check(one: LivingReference, schema: str, is_marked: bool) -> str:
    new = [f"NEW.{quote(column)}" for column in one.columns]
    is_whole = " AND ".join(f"{value} IS NOT NULL" for value in new)
    changed = [f"NEW.{quote(column)} IS DISTINCT FROM OLD.{quote(column)}" for column in one.columns]
    causes = ["TG_OP = 'INSERT'", *changed, *([f"OLD.{_MARK} IS NOT NULL"] if is_marked and one.always else [])]
    is_parent = " AND ".join(f"parent.{quote(key)} = {value}" for key, value in zip(one.keys, new, strict=True))
    columns, parent = ", ".join(one.columns), one.parent
    told = f"{text(columns)}, concat_ws(', ', {', '.join(new)})"
    return f"""\
    IF {is_whole} AND ({" OR ".join(causes)}) THEN
        PERFORM FROM {quoted(parent, one.schema or schema)} AS parent
        WHERE {is_parent} AND parent.{_MARK} IS NULL FOR KEY SHARE;
        IF NOT FOUND THEN
            RAISE foreign_key_violation USING
                MESSAGE = format('a row of table %I refers to a deleted row of %I', TG_TABLE_NAME, {text(parent)}),
                DETAIL = format('Key (%s)=(%s) is marked as deleted.', {told}),
                HINT = 'Restore that row first, or refer to another one.',
                SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME, CONSTRAINT = TG_NAME;
        END IF;
    END IF;"""
