"""Where an app declares its tables: the values that say it."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import Literal

from pgwright.code.classes import Class
from pgwright.code.modules import Module
from pgwright.code.texts import is_true, keyword


@dataclass(frozen=True, eq=False)
class Column:
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
    is_made_elsewhere: bool = False
    """Whether a function of the app makes it."""
    is_of_child: bool = False
    """Whether a class below declares it that shares the table, which gets it after its own arguments."""

    def has(self, word: str) -> bool:
        """Whether a keyword argument of that name is True: `index`, `unique`."""
        return is_true(keyword(self.call, word))


@dataclass(frozen=True, eq=False)
class Table:
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
    columns: tuple[Column, ...]
    arguments: ast.stmt | None = field(repr=False)
    """The statement that gives `__table_args__` in the body of the class."""
    are_arguments_inherited: bool = False
    """Whether a mixin or an abstract base gives `__table_args__`."""
    variable: str | None = None
    """The name that a Table of Core is assigned to, at the top level."""

    @property
    def form(self) -> Literal["class", "Table"]:
        return "class" if self.call is None else "Table"

    def column(self, name: str) -> Column | None:
        """Return the column of that name in the database."""
        return next((one for one in self.columns if one.name == name), None)
