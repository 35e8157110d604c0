"""What the guard says of a unit: its problems as values, the exception and the warning that carry them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pgwright_runtime._stack import CodeLine
from pgwright_runtime.errors import Error

Kind = Literal["lazy load", "repeated statement", "unused eager load", "over budget"]


@dataclass(frozen=True, slots=True)
class Parent:
    """What loaded the instances whose relationship was read."""

    entity: str
    """Name of the mapped class."""
    statement: str
    """Text of the statement; "" if it ran before the unit began."""
    query: str
    """Text of the query that the loader option belongs to: of a nested relationship the query at its root."""
    rows: int | None
    """Rows that the statement returned in all; None if the driver does not tell."""


@dataclass(frozen=True, slots=True)
class StatementUse:
    """One statement of a unit, with all its executions."""

    text: str
    """As the server sees it, with `$1` for the first parameter."""
    fingerprint: str
    """The same for all executions and all processes."""
    count: int
    rows: int | None
    """Rows in all; None if the driver does not tell."""
    place: CodeLine | None
    """In warn and sample mode only those that repeat have one."""

    def __str__(self) -> str:
        where = f"\n       at {self.place}" if self.place else ""
        return f"{self.count:>4} × {' '.join(self.text.split())}{where}"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that a unit did against the database and need not have done."""

    kind: Kind
    unit: str
    """Name of the unit, as `GET /notebooks`."""
    count: int
    """Executions; for "over budget" all those of the unit."""
    relationship: str = ""
    """As `Notebook.sources`; "" where no relationship is at fault."""
    parent: Parent | None = None
    loader: str = ""
    """The option that helps, as `selectinload(Notebook.sources)`; for an unused eager load the option to drop, or
    `lazyload(…)` to add where the mapping loads it; "" where no option helps."""
    place: CodeLine | None = None
    """The innermost line of the user's code; None if there was none on the stack."""
    rows: int | None = None
    """Rows of all these executions; None if the driver does not tell."""
    fingerprint: str = ""
    statement: str = ""
    """Text as the server sees it, with `$1` for the first parameter."""
    remedy: str = ""
    """What to do, as `add selectinload(Notebook.sources) to the query of Notebook`."""
    budget: int | None = None
    """For "over budget": the statements that were allowed."""

    @property
    def advice(self) -> str:
        """One line for people: what, where, what to do."""
        where = f" at {self.place}" if self.place else f" in {self.unit!r}"
        match self.kind:
            case "lazy load":
                return f"lazy load of {self.relationship}, {self.count} times{where}: {self.remedy}"
            case "repeated statement":
                return f"the same statement {self.count} times{where}: {self.remedy} ({_short(self.statement)})"
            case "unused eager load":
                return f"eager load of {self.relationship} never read{where}: {self.remedy}"
            case "over budget":
                return f"{self.count} statements{where}, allowed are {self.budget}: see the list of statements"


class QueryProblems(Error):
    """A unit in mode "raise" had problems; all of them are in `problems`."""

    def __init__(self, unit: str, problems: Sequence[Problem], statements: Sequence[StatementUse]) -> None:
        self.unit, self.problems, self.statements = unit, tuple(problems), tuple(statements)
        lines = [f"{len(self.problems)} query problem(s) in {unit!r}:"]
        lines += [f"  - {problem.advice}" for problem in self.problems]
        super().__init__("\n".join([*lines, describe(self.statements)]))


class QueryWarning(UserWarning):
    """A unit in mode "warn" had a problem; the message is its advice."""


def describe(statements: Sequence[StatementUse]) -> str:
    """Return the statements for people, those that ran most often first."""
    total = sum(statement.count for statement in statements)
    most_first = sorted(statements, key=lambda statement: -statement.count)
    return "\n".join([f"{total} statement(s):", *(f"  {statement}" for statement in most_first)])


def _short(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= 120 else words[:119] + "…"
