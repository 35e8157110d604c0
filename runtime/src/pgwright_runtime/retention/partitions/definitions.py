"""The parts of a table, as statements that make them again for another table of the same name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from pgwright_runtime._sql import quote, quoted, read_sql
from pgwright_runtime.retention.partitions.catalog import FoundRelation
from pgwright_runtime.retention.partitions.patience import PACKAGE, execute

_DEFINITIONS = text(read_sql(PACKAGE, "definitions"))
_OPTIONS = text("SELECT pg_get_userbyid(relowner) AS owner FROM pg_class WHERE oid = :oid")


@dataclass(frozen=True)
class TablePart:
    """An index, a constraint, a trigger … of a table."""

    name: str
    definition: str
    """What it is made from; of each kind as `sql/definitions.sql` has it."""
    extra: str
    """Its comment, or its state; "" without one."""


@dataclass(frozen=True)
class TableParts:
    """What a table has beside its columns, defaults and CHECKs, which LIKE copies."""

    table: FoundRelation
    owner: str
    by_kind: Mapping[str, Sequence[TablePart]]

    def of(self, *kinds: str) -> list[TablePart]:
        return [part for kind in kinds for part in self.by_kind.get(kind, ())]

    @property
    def primary_key(self) -> tuple[str, ...]:
        """Its columns, in their order."""
        return tuple(part.name for part in self.of("key column"))

    def give_indexes(self, connection: Connection, without: Sequence[str] = ()) -> None:
        """Make the indexes, the unique constraints and the foreign keys on an empty table of that name."""
        for part in self.of("index"):
            if part.name not in without:
                execute(connection, part.definition)
                self._comment(connection, f"INDEX {quoted(part.name, self.table.schema)}", part.extra)
        for part in self.of("primary key", "unique", "foreign key"):
            if part.name not in without:
                add = f"ALTER TABLE {self.table} ADD CONSTRAINT {quote(part.name)} {part.definition}"
                execute(connection, add)
                self._comment(connection, f"CONSTRAINT {quote(part.name)} ON {self.table}", part.extra)

    def give_triggers(self, connection: Connection) -> None:
        for part in self.of("trigger"):
            execute(connection, part.definition)
            if part.extra:
                execute(connection, f"ALTER TABLE {self.table} {part.extra} TRIGGER {quote(part.name)}")

    def drop_triggers(self, connection: Connection) -> None:
        for part in self.of("trigger"):
            execute(connection, f"DROP TRIGGER {quote(part.name)} ON {self.table}")

    def give_sequences(self, connection: Connection) -> None:
        """Let the sequences belong to the table of that name, so that they do not fall with the other."""
        for part in self.of("sequence"):
            execute(connection, f"ALTER SEQUENCE {part.definition} OWNED BY {self.table}.{quote(part.name)}")

    def take_identities(self, connection: Connection) -> list[tuple[TablePart, int, bool]]:
        """Drop the identities of the table; return each with its sequence's last value, and whether that was used."""
        taken = []
        for part in self.of("identity"):
            row = execute(connection, f"SELECT last_value, is_called FROM {part.definition}").one()  # noqa: S608
            execute(connection, f"ALTER TABLE {self.table} ALTER COLUMN {quote(part.name)} DROP IDENTITY")
            taken.append((part, int(row.last_value), bool(row.is_called)))
        return taken

    def give_identities(self, connection: Connection, taken: Sequence[tuple[TablePart, int, bool]]) -> None:
        for part, last, is_called in taken:
            execute(connection, f"ALTER TABLE {self.table} ALTER COLUMN {quote(part.name)} {part.extra}")
            name = part.definition.replace("'", "''")
            execute(connection, f"SELECT setval('{name}', {last}, {str(is_called).lower()})")

    def give_views(self, connection: Connection) -> None:
        """Let the views read the table that has the name now; their owners and privileges stay."""
        for part in self.of("view"):
            options = f" WITH ({part.extra})" if part.extra else ""
            execute(connection, f"CREATE OR REPLACE VIEW {part.name}{options} AS {part.definition}")

    def give_publications(self, connection: Connection, other: str) -> None:
        for part in self.of("publication"):
            execute(connection, f"ALTER PUBLICATION {quote(part.name)} DROP TABLE {other}")
            execute(connection, f"ALTER PUBLICATION {quote(part.name)} ADD TABLE {self.table}")

    def give_comment(self, connection: Connection) -> None:
        for part in self.of("comment"):
            self._comment(connection, f"TABLE {self.table}", part.definition)

    def give_replica_identity(self, connection: Connection) -> None:
        for part in self.of("replica identity"):
            if part.definition != "DEFAULT":
                index = f" {quote(part.name)}" if part.name else ""
                execute(connection, f"ALTER TABLE {self.table} REPLICA IDENTITY {part.definition}{index}")

    def _comment(self, connection: Connection, on: str, words: str) -> None:
        if words:
            literal = words.replace("'", "''")
            execute(connection, f"COMMENT ON {on} IS '{literal}'")


def read_parts(connection: Connection, table: FoundRelation) -> TableParts:
    """Read what a table has. All names in the definitions have their schema, if search_path is empty."""
    found: dict[str, list[TablePart]] = defaultdict(list)
    for row in connection.execute(_DEFINITIONS, {"oid": table.oid}):
        found[row.kind].append(TablePart(row.name, row.definition or "", row.comment or ""))
    owner = connection.execute(_OPTIONS, {"oid": table.oid}).scalar_one()
    return TableParts(table, owner, found)
