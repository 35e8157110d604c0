"""What an index is: its keys, its predicate, the SQL that creates it; and one that exists, with its use."""

from __future__ import annotations

from dataclasses import dataclass, replace

from pgwright.model.names import QualifiedName, quote, shorten


@dataclass(frozen=True, slots=True)
class IndexKey:
    """One key of an index: a column, or an expression in SQL text (then `column` is None)."""

    column: str | None
    expression: str | None = None
    is_descending: bool = False
    nulls_first: bool | None = None
    """None: the default of the direction (first when descending, last when ascending)."""
    operator_class: str | None = None
    """With its parameters: `gist_trgm_ops (siglen='64')`. None: the default one of the type, without any."""
    collation: str | None = None
    """None: the collation of the column. As SQL text, quoted."""

    def sql(self) -> str:
        """Return the key as it stands between the parentheses of CREATE INDEX."""
        parts = [quote(self.column) if self.column is not None else f"({self.expression})"]
        if self.collation is not None:
            parts.append(f"COLLATE {self.collation}")
        if self.operator_class is not None:
            parts.append(self.operator_class)
        if self.is_descending:
            parts.append("DESC")
        if self.nulls_first is not None and self.nulls_first != self.is_descending:
            parts.append("NULLS FIRST" if self.nulls_first else "NULLS LAST")
        return " ".join(parts)


@dataclass(frozen=True, slots=True)
class IndexDefinition:
    """An index as CREATE INDEX states it; the same value for an index that exists and for one advised."""

    name: str
    table: QualifiedName
    keys: tuple[IndexKey, ...]
    include: tuple[str, ...] = ()
    predicate: str | None = None
    """SQL text of the WHERE clause, without the word WHERE."""
    is_unique: bool = False
    nulls_not_distinct: bool = False
    method: str = "btree"
    parameters: tuple[str, ...] = ()
    """Storage parameters as `name=value`."""
    is_deferrable: bool = False
    """A constraint owns it that may be checked at the commit only. CREATE INDEX has no word for it."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The key columns in order; an expression key ends the list, for what follows it serves no column alone."""
        plain: list[str] = []
        for key in self.keys:
            if key.column is None:
                break
            plain.append(key.column)
        return tuple(plain)

    @property
    def outline(self) -> str:
        """What tells it from the other indexes of its table: `(a, b DESC) INCLUDE (c) WHERE d IS NULL`."""
        words = [] if self.method == "btree" else [f"USING {self.method}"]
        words.append(f"({', '.join(key.sql() for key in self.keys)})")
        words += [f"INCLUDE ({', '.join(map(quote, self.include))})"] if self.include else []
        words += [f"WHERE {self.predicate}"] if self.predicate else []
        return " ".join(words)

    def sql(self, *, concurrently: bool = False, if_not_exists: bool = False, only: bool = False) -> str:
        """Return the CREATE INDEX statement, without a semicolon.

        >>> key = IndexKey("created_at", is_descending=True)
        >>> IndexDefinition("ix", QualifiedName("public", "job"), (key,), predicate="status = 'new'").sql()
        "CREATE INDEX ix ON public.job (created_at DESC) WHERE status = 'new'"
        """
        words = ["CREATE UNIQUE INDEX" if self.is_unique else "CREATE INDEX"]
        words += ["CONCURRENTLY"] if concurrently else []
        words += ["IF NOT EXISTS"] if if_not_exists else []
        words += [quote(self.name), "ON ONLY" if only else "ON", str(self.table)]
        words += [] if self.method == "btree" else [f"USING {self.method}"]
        words.append(f"({', '.join(key.sql() for key in self.keys)})")
        words += [f"INCLUDE ({', '.join(map(quote, self.include))})"] if self.include else []
        words += ["NULLS NOT DISTINCT"] if self.nulls_not_distinct else []
        words += [f"WITH ({', '.join(self.parameters)})"] if self.parameters else []
        words += [f"WHERE {self.predicate}"] if self.predicate else []
        return " ".join(words)

    def named(self, name: str) -> IndexDefinition:
        """Return the same index under another name."""
        return replace(self, name=name)


@dataclass(frozen=True)
class Index:
    """An index that exists, with its use."""

    name: QualifiedName
    definition: IndexDefinition
    sql: str
    """The exact `pg_get_indexdef`, to create it again."""
    is_primary: bool
    constraint: str | None
    """The name of the primary-key, unique or exclusion constraint that owns it."""
    is_exclusion: bool
    is_valid: bool
    is_replica_identity: bool
    parent: QualifiedName | None
    """The partitioned index that it belongs to."""
    size_bytes: int
    pages: int
    analyzed_pages: int
    row_estimate: float
    tree_height: int | None
    """Levels above the leaves of a B-tree; None when it could not be read or is no B-tree."""
    scans: int
    rows_read: int
    last_scan_at: str | None
    """Known from PostgreSQL 16 on."""
    is_clustered: bool = False
    """CLUSTER without a name orders the table by it."""
    is_ready: bool = True
    """False: its build stopped so early that no write keeps it up, nor does it keep anything unique."""

    @property
    def table(self) -> QualifiedName:
        return self.definition.table

    @property
    def enforces(self) -> bool:
        """True when data correctness rests on it, so that it may never be dropped as unused."""
        return self.definition.is_unique or self.is_exclusion or self.constraint is not None or self.is_replica_identity


def index_name(table: QualifiedName, columns: tuple[str, ...], suffix: str = "") -> str:
    """Return SQLAlchemy's conventional name, `ix_<table>_<columns>`, cut to what PostgreSQL keeps.

    >>> index_name(QualifiedName("public", "message"), ("conversation_id", "created_at"))
    'ix_message_conversation_id_created_at'
    """
    return shorten("_".join(part for part in ("ix", table.name, *columns, suffix) if part))
