"""What the app's pending revisions did when they ran on a twin, statement by statement: the value that lint judges."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from pgwright.model.finding import CodeLine
from pgwright.model.locks import LockMode
from pgwright.model.names import QualifiedName
from pgwright.model.not_examined import NotExamined
from pgwright.model.policy import Policy
from pgwright.model.snapshot import Snapshot
from pgwright.model.table import Table

RelationKind = Literal[
    "table", "partitioned table", "index", "sequence", "view", "materialized view", "foreign table", "TOAST table"
]
ActionKind = Literal[
    "add column", "drop column", "rename column", "change type", "set default", "drop default", "set not null",
    "drop not null", "set statistics", "add identity", "drop identity", "drop expression",
    "add check", "add foreign key", "add unique", "add primary key", "add exclusion", "add not null",
    "validate constraint", "drop constraint", "rename constraint", "alter constraint",
    "create table", "drop table", "rename table", "set schema", "truncate", "create table as",
    "attach partition", "detach partition", "finalize detach", "enable row security", "disable row security",
    "set parameters", "set tablespace", "set logged", "set access method", "replica identity", "cluster",
    "change owner", "enable trigger", "disable trigger", "other table change",
    "create index", "drop index", "rename index", "reindex", "attach index",
    "create view", "drop view", "create materialized view", "refresh materialized view", "drop materialized view",
    "create type", "create enum", "add enum value", "rename enum value", "drop type", "create domain", "alter domain",
    "create schema", "drop schema", "rename schema", "create sequence", "alter sequence", "drop sequence",
    "create function", "drop function", "create trigger", "drop trigger", "create policy", "create extension",
    "insert", "update", "delete", "merge", "copy", "select", "do", "call",
    "set", "begin", "commit", "rollback", "savepoint", "lock table",
    "analyze", "vacuum", "grant", "comment", "create statistics",
    "drop database", "create database", "other",
]  # fmt: skip
"""In words; a statement of ALTER TABLE has an action for each of its parts."""


@dataclass(frozen=True)
class RelationRef:
    """A relation as a statement names it."""

    name: str
    schema: str = ""
    """"" where it says none."""

    def matches(self, name: QualifiedName) -> bool:
        return self.name == name.name and self.schema in ("", name.schema)


@dataclass(frozen=True)
class Action:
    """One change that a statement asks for."""

    kind: ActionKind
    table: RelationRef | None = None
    """The table, or the relation, that is changed; None where there is none."""
    name: str = ""
    """The column, constraint, index, type or value that it is about."""
    new_name: str = ""
    """Of what is renamed."""
    type: str = ""
    """Of a column: as it is written."""
    references: RelationRef | None = None
    """Of a foreign key."""
    columns: tuple[str, ...] = ()
    """Of a constraint or an index; "" for an expression."""
    is_concurrent: bool = False
    is_unique: bool = False
    is_not_valid: bool = False
    is_not_null: bool = False
    """Of a new column."""
    if_exists: bool = False
    """IF EXISTS or IF NOT EXISTS."""
    is_cascade: bool = False
    default: str | None = None
    """The expression of a new column's DEFAULT, or of SET DEFAULT."""
    using_index: str = ""
    """Of a constraint that takes an index over."""
    text: str = ""
    """Of this part alone, where it is not the whole statement: `ADD COLUMN a integer`."""


@dataclass(frozen=True)
class TakenLock:
    """A lock that a statement took on a relation, and nobody before it in its transaction."""

    relation: QualifiedName
    kind: RelationKind
    table: QualifiedName
    """The table that an index or a TOAST table belongs to; else the relation itself."""
    mode: LockMode
    is_new: bool
    """The same revision made the relation, or the table that it belongs to: nobody else can know it."""
    was_awaited: bool = False
    """It was read as a request that another session's lock held up, for it is held too shortly to be seen."""


@dataclass(frozen=True)
class SecondsRange:
    """How long something takes: measured rates times sizes; the upper end is at most 3 times the lower."""

    low: float
    high: float


@dataclass(frozen=True)
class ObservedStatement:
    """One statement that a revision sent."""

    text: str
    """As it was sent: with placeholders where it has parameters."""
    actions: tuple[Action, ...]
    """() where the parser does not take it."""
    place: CodeLine
    """The line of the revision that sent it."""
    operation: str
    """What the revision called: `op.create_index`, `op.execute`; "" where that is unknown."""
    transaction: int
    """Statements with one number ran in one transaction; each outside of one has a number of its own."""
    is_autocommit: bool
    """It ran outside of a transaction, as in `autocommit_block()`."""
    locks: tuple[TakenLock, ...] = ()
    """Those on relations of the app, not of the catalog; held to the end of the transaction."""
    rewritten: tuple[QualifiedName, ...] = ()
    """Tables that got a new file."""
    built: tuple[QualifiedName, ...] = ()
    """Indexes that got one, of tables that are not new."""
    scanned: tuple[QualifiedName, ...] = ()
    """Tables that were read whole, to validate something or to build an index; by plans of the empty twin where the
    statement is a query."""
    validated: tuple[str, ...] = ()
    """Constraints that became valid."""
    seconds: SecondsRange | None = None
    """How long it works, without waiting for locks, estimated; None: unknown, or no work to speak of."""
    error: str = ""
    """What the server said against it; "" where it ran."""
    reads_nothing: bool = False
    """It read rows of the app's tables for the revision to work with, and there were none: what the revision does with
    rows was not seen."""
    looked_for_invalid: bool = False
    """Since it last built an index, the revision has asked the catalog for invalid ones: a leftover goes."""

    @property
    def first(self) -> Action | None:
        return self.actions[0] if self.actions else None


FailureKind = Literal[
    "", "server refused", "rights missing", "needs another", "Python raised", "not importable", "setting missing",
    "reached out", "took too long",
]  # fmt: skip
"""`server refused` would most likely happen in production, too; the others say that it cannot run here, `needs another`
that what it lacks may be of a revision, or of an extension, that is not to be had here."""


@dataclass(frozen=True)
class Direction:
    """What `upgrade()` or `downgrade()` did."""

    statements: tuple[ObservedStatement, ...] = ()
    error: str = ""
    """Why it ended before its end; "" where it did not."""
    failure: FailureKind = ""
    """What kind of end that was."""
    is_missing: bool = False
    """The function is not there, does nothing, or only raises NotImplementedError; by syntax."""
    again: str = ""
    """Of a downgrade: why the upgrade cannot be done again after it; "" where it can, or was not tried."""
    left: tuple[str, ...] = ()
    """Of a downgrade: what the schema has afterwards that it did not have before the upgrade, or lacks, in words."""

    @cached_property
    def transactions(self) -> tuple[tuple[ObservedStatement, ...], ...]:
        """The statements of each transaction, in their order."""
        grouped: dict[int, list[ObservedStatement]] = {}
        for one in self.statements:
            grouped.setdefault(one.transaction, []).append(one)
        return tuple(tuple(ones) for ones in grouped.values())


@dataclass(frozen=True)
class ObservedRevision:
    """One pending revision."""

    revision: str
    down_revisions: tuple[str, ...]
    path: str
    """From the working directory where it lies below it."""
    message: str
    """The first line of its docstring."""
    source: str
    """The text of its file."""
    upgrade: Direction
    downgrade: Direction | None = None
    """None: it was not run, because the upgrade failed."""
    new_tables: tuple[QualifiedName, ...] = ()
    """What it made."""
    uses_bind: tuple[CodeLine, ...] = ()
    """Where it reads from the database by `op.get_bind()`, which `--sql` cannot."""
    reaches_out: tuple[str, ...] = ()
    """What it tried to open outside of the database: files and hosts, in words."""


@dataclass(frozen=True)
class MigrationEnvironment:
    """What `env.py` and the settings of Alembic say, read by syntax."""

    path: str
    """Of env.py."""
    sets_lock_timeout: bool | None = None
    """In env.py, in connect_args, or for the role or the database; None: unknown."""
    sets_statement_timeout: bool | None = None
    transaction_per_migration: bool | None = None
    """None: it cannot be read off."""
    runs_safely: bool = False
    """It calls `run_migrations_safely()`, which sees to all of these."""
    is_async: bool = False


@dataclass(frozen=True)
class NameUse:
    """Where a column or a table is still named."""

    table: str
    column: str
    """"" for the table itself."""
    where: str
    """`app/models.py:12`, or `a statement that ran 1,234 times`."""
    kind: Literal["model", "workload", "view"]


@dataclass(frozen=True)
class PendingMigrations:
    """The app's revisions that a database does not have yet, run on a twin of it."""

    directory: str
    """The file that describes the Alembic directory."""
    database: str
    """"" where no database was named."""
    observed_on: str
    """The version of the server that they ran on."""
    linted_at: str
    start: tuple[str, ...]
    """The revisions that were there before."""
    heads: tuple[str, ...]
    revisions: tuple[ObservedRevision, ...]
    """In the order in which they run."""
    environment: MigrationEnvironment
    snapshot: Snapshot | None = None
    """Of the database before them, with sizes and traffic; None: no database was named, and sizes are unknown."""
    rates_source: str = ""
    """What the rates behind `seconds` were measured on, in words; "" where none were needed."""
    uses: tuple[NameUse, ...] = ()
    """What models and workload name of what the revisions take away."""
    policy: Policy = field(default_factory=Policy)
    not_examined: tuple[NotExamined, ...] = ()

    def table(self, name: QualifiedName) -> Table | None:
        """Return a table as the snapshot has it; None: it is not there, or there is no snapshot."""
        return None if self.snapshot is None else self.snapshot.table_by_name.get(name)
