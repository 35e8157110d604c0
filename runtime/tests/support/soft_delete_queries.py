"""Random queries over random models, by a seed: all that SQLAlchemy can say, as far as it hides or shows rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import SQLAlchemyError

from runtime.tests.support.soft_delete_changes import Changes
from runtime.tests.support.soft_delete_loads import Loads
from runtime.tests.support.soft_delete_parts import Run
from runtime.tests.support.soft_delete_selects import Selects

_DIALECT: Any = postgresql.dialect


@dataclass(frozen=True)
class Query:
    """`run` executes it and returns what can be compared."""

    kind: str
    statements: list[Any]
    run: Run

    @property
    def text(self) -> str:
        return "\n".join(_text(statement) for statement in self.statements)


def _text(statement: Any) -> str:
    try:
        return str(statement if isinstance(statement, str) else statement.compile(dialect=_DIALECT()))
    except SQLAlchemyError as error:  # one that is built wrong
        return repr(error)


class Grammar(Changes, Loads, Selects):
    """Makes queries of the kinds that its bases have."""

    def query(self) -> Query:
        kinds = [name for name in dir(self) if name.startswith("make_")]
        kind = self.random.choice(kinds)
        described: list[Any] = []
        run = getattr(self, kind)(described)
        return Query(kind.removeprefix("make_").replace("_", " "), described, run)
