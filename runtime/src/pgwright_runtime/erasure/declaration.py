"""What a team says of a person's data, beside its models: what goes, what is made anonymous, what stays and why."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from sqlalchemy import Column, ColumnElement, MetaData, Table, inspect
from sqlalchemy.orm import InstrumentedAttribute, Mapper
from sqlalchemy.sql import visitors

from pgwright_runtime._holds import LegalHold

if TYPE_CHECKING:
    from pgwright_runtime.erasure.outcome import Erased

TableLike = type[Any] | Table | str
"""A mapped class, a Table, or the name of a table that no model knows: "audit_log", "legacy.events"."""
ColumnLike = InstrumentedAttribute[Any] | ColumnElement[Any] | str
"""An attribute, a Column, or a name: "ip" where the table is clear, else "audit_log.ip"."""
TableName = tuple[str | None, str]
"""Schema and name; None: the first schema of the search path that has such a table."""


@dataclass(frozen=True, eq=False)
class Delete:
    """Rows of the person that go."""

    table: TableLike
    via: ColumnLike | Sequence[ColumnLike] | None = None
    """The columns of the foreign keys or links that make a row theirs; None: all, if that can be meant."""


@dataclass(frozen=True, eq=False)
class Anonymise:
    """Rows of the person that stay, without what tells that they are theirs."""

    table: TableLike
    columns: Mapping[Any, object]
    """New values: None, a constant, or a SQL expression of the row's columns and the subject's."""
    via: ColumnLike | Sequence[ColumnLike] | None = None
    reason: str = ""


@dataclass(frozen=True, eq=False)
class Keep:
    """Rows of the person that must stay as they are, and what hangs on them alone."""

    table: TableLike
    reason: str
    until: ColumnElement[Any] | date | None = None
    """A time, or an expression of the row's columns: rows whose time is up are deleted. None: no end."""

    def __post_init__(self) -> None:
        if not self.reason.strip():
            raise ValueError(f"Keep({name_of(self.table)[1]!r}) needs the reason why the rows must stay")


@dataclass(frozen=True, eq=False)
class Unlink:
    """Rows that are not the person's own, though a key of theirs leads there: the key becomes NULL, the rest stays.

    What hangs on such rows is not theirs either, as the recipes of a household that one of its members wrote down.
    """

    via: ColumnLike | Sequence[ColumnLike]
    """The columns of the foreign key or link: `Recipe.user_id`, or "recipes.user_id"."""

    @property
    def table(self) -> str | Table:
        first: Any = self.via[0] if isinstance(self.via, list | tuple) else self.via
        schema, name = column_name(first)[0]
        return f"{schema}.{name}" if schema else name


@dataclass(frozen=True, eq=False)
class Link:
    """Rows that belong to the person, though no foreign key says so.

    `what` equals `to`; where it is an array, or a jsonb array, it holds `to`.
    """

    what: ColumnLike
    """A column, or an expression of columns of one table: `Event.payload["user_id"].astext`."""
    to: ColumnLike
    """A column of the subject, or of another table whose rows are theirs."""
    where: ColumnElement[bool] | None = None
    """Which rows the link is for, as in `Attachment.owner_type == "user"`."""


Rule = Delete | Anonymise | Keep | Unlink


class Erasure:
    """How a person is erased."""

    def __init__(
        self,
        subject: TableLike,
        rules: Sequence[Rule] = (),
        *,
        links: Sequence[Link] = (),
        holds: Sequence[LegalHold] = (),
        personal: Sequence[ColumnLike] = (),
        not_personal: Sequence[ColumnLike] = (),
        on_erased: Sequence[Callable[[Erased], Any]] = (),
    ) -> None:
        """Declare it.

        Args:
            subject: the table with a row for each person. It is deleted unless a rule says otherwise.
            rules: what the foreign keys' own ON DELETE does not answer.
            links: rows of the person that no foreign key leads to.
            holds: what stops an erasure.
            personal: columns of personal data, beside those of `Column(info={"personal": True})`.
            not_personal: columns that look like personal data, and are not.
            on_erased: called after the commit, in this order, for caches: with an async engine they may be coroutine
                functions.
        """
        self.subject = name_of(subject)
        self.rules, self.links, self.holds = tuple(rules), tuple(links), tuple(holds)
        self.on_erased = tuple(on_erased)
        self.metadata = _metadata_of(subject)
        self.links += tuple(_inherited(subject))
        self.personal = {column_name(column) for column in personal} | set(_informed(self.metadata))
        self.not_personal = {column_name(column) for column in not_personal}


def name_of(table: TableLike) -> TableName:
    """Return schema and name. Raises: ValueError: it is no table."""
    if isinstance(table, str):
        schema, _, name = table.rpartition(".")
        return (schema or None, name)
    if not isinstance(table, Table):
        mapper = inspect(table, raiseerr=False)
        if not isinstance(mapper, Mapper) or not isinstance(mapper.local_table, Table):
            raise ValueError(f"{table!r} is neither a mapped class nor a Table nor the name of one")
        table = mapper.local_table
    return (table.schema, table.name)


def column_name(column: ColumnLike, of: TableName | None = None) -> tuple[TableName, str]:
    """Return the table and the name of a column. Raises: ValueError: it is none."""
    if isinstance(column, str):
        table, _, name = column.rpartition(".")
        if table:
            return name_of(table), name
        if of is not None:
            return of, name
        raise ValueError(f"of which table is the column {column!r}? Write 'table.{column}'")
    found = list(columns_in(column))
    if len(found) != 1:
        raise ValueError(f"{column} is no column of a table")
    return found[0]


def columns_in(expression: ColumnLike) -> Iterator[tuple[TableName, str]]:
    """Yield the columns of tables that an expression reads, each once."""
    seen = set()
    for element in visitors.iterate(clause_of(expression)):
        table = getattr(element, "table", None)
        if isinstance(element, Column) and isinstance(table, Table):
            found = ((table.schema, table.name), element.name)
            if found not in seen:
                seen.add(found)
                yield found


def clause_of(expression: Any) -> ColumnElement[Any]:
    """Return an attribute or an expression as SQLAlchemy Core has it."""
    clause: ColumnElement[Any] = (
        expression.__clause_element__() if hasattr(expression, "__clause_element__") else expression
    )
    return clause


def via_names(rule: Rule) -> frozenset[str]:
    """Return the columns that a rule names as the way to its rows; none: any way."""
    via = getattr(rule, "via", None)
    if via is None:
        return frozenset()
    several = via if isinstance(via, list | tuple) else [via]
    return frozenset(name for one in several for name in _names_in(one, name_of(rule.table)))


def _names_in(column: ColumnLike, table: TableName) -> Iterator[str]:
    if isinstance(column, str):
        yield column_name(column, table)[1]
    else:
        yield from (name for _, name in columns_in(column))


def _metadata_of(subject: TableLike) -> MetaData:
    if isinstance(subject, str):
        return MetaData()
    if isinstance(subject, Table):
        return subject.metadata
    return inspect(subject).local_table.metadata  # type: ignore[no-any-return]


def _inherited(subject: TableLike) -> Iterator[Link]:
    """Yield a link from each table of a joined inheritance to the one it extends, whose row is of the same thing."""
    if isinstance(subject, str | Table):
        return
    for mapper in inspect(subject).registry.mappers:
        above = mapper.inherits
        if above is not None and isinstance(mapper.local_table, Table) and mapper.local_table is not above.local_table:
            for base, own in zip(above.local_table.primary_key, mapper.local_table.primary_key, strict=False):
                yield Link(base, own)


def _informed(metadata: MetaData) -> Iterator[tuple[TableName, str]]:
    for table in metadata.tables.values():
        for column in table.columns:
            if column.info.get("personal"):
                yield (table.schema, table.name), column.name
