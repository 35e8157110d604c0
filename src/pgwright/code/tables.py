"""Where an app declares its tables: the values that say it."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from pgwright.code.classes import Class
from pgwright.code.modules import Module
from pgwright.code.texts import is_true, keyword

_MOST_NAMED = 3


@dataclass(frozen=True, eq=False)
class DeclaredColumn:
    """A column, where the code declares it."""

    name: str
    """In the database."""
    key: str
    """By which the texts in `Index("…", "key")` name it."""
    attribute: str
    module: Module
    owner: Class | None
    """The class whose body it stands in; None: a Table."""
    statement: ast.stmt | None = field(repr=False)
    """In the body of the class."""
    call: ast.Call | None = field(repr=False)
    """Of Column, mapped_column or Field; None where the annotation says all, or a function of the app makes it."""
    made_by: Module | None = None
    """The module of the app's function that makes the call; None: it stands in the statement itself."""
    child: Class | None = None
    """The class below, sharing the table, that brings it: the table gets it after its own arguments."""

    @property
    def home(self) -> Module:
        """The module that the call stands in."""
        return self.made_by or self.module

    @property
    def is_own(self) -> bool:
        """Whether nothing else than its own statement says what it is."""
        return self.made_by is None and (self.call is not None or not self.is_computed)

    @property
    def is_computed(self) -> bool:
        """Whether nobody can say what makes it."""
        return self.call is None and isinstance(getattr(self.statement, "value", None), ast.Call)

    @property
    def is_completed_elsewhere(self) -> bool:
        """Whether a function of the app may say more of it: by arguments that are handed on."""
        return self.is_computed or (self.made_by is not None and any(one.arg is None for one in self.call.keywords))  # type: ignore[union-attr]

    def has(self, word: str) -> bool:
        """Whether a keyword argument of that name is True: `index`, `unique`."""
        return is_true(keyword(self.call, word)) or word in self.said_to_column

    @property
    def said_to_column(self) -> dict[str, ast.expr]:
        """What SQLModel hands on to the column that is True, by name: `sa_column_kwargs={"index": True}`."""
        given = keyword(self.call, "sa_column_kwargs")
        if not isinstance(given, ast.Dict):
            return {}
        pairs = zip(given.keys, given.values, strict=True)
        return {str(key.value): value for key, value in pairs if isinstance(key, ast.Constant) and is_true(value)}


@dataclass(frozen=True, eq=False)
class DeclaredTable:
    """A table, where the code declares it."""

    name: str | None
    """None where it is computed: then only its class tells of it."""
    schema: str | None
    """None where nobody says it here: MetaData may, or the database's search_path."""
    module: Module
    owner: Class | None
    """The class that is mapped to it; None: a Table of Core."""
    call: ast.Call | None = field(repr=False)
    """Of Table; None where the class itself declares it."""
    columns: tuple[DeclaredColumn, ...]
    arguments: ast.stmt | None = field(repr=False)
    """The statement that gives `__table_args__` in the body of the class."""
    inherited: tuple[tuple[Module, ast.stmt], ...] = ()
    """The statements by which mixins and abstract bases give `__table_args__`, with their modules."""
    variable: str | None = None
    """The name that a Table of Core is assigned to, at the top level."""

    @property
    def title(self) -> str:
        """Its name; where that is computed, the class's."""
        return self.name or (self.owner.name if self.owner is not None else self.module.name)

    @property
    def form(self) -> Literal["class", "Table"]:
        return "class" if self.call is None else "Table"

    def column(self, name: str) -> DeclaredColumn | None:
        """Return the column of that name in the database."""
        return next((one for one in self.columns if one.name == name), None)


def listed(tables: Sequence[DeclaredTable]) -> str:
    """Return the names of some tables, and how many more there are."""
    names = list(dict.fromkeys(one.title for one in tables))
    more = f" and {len(names) - _MOST_NAMED} more tables" if len(names) > _MOST_NAMED else ""
    return f"{', '.join(names[:_MOST_NAMED])}{more}"
