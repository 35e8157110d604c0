"""Whether a statement gives the same on both copies; what cannot be the same by nature is left out, and named.

Nothing is excused by its text alone. Where the rows differ and the text names something that picks among equal rows,
the two copies are asked again: under one plan, whose order is the same where the rows are, and without the cut. A
column is left out only where a function of it gives something else each time, or where it differs between two runs on
one copy.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass

import psycopg

from pgwright.errors import UnparsableStatement
from pgwright.proof.nature import CHANGING, Nature, read_nature
from pgwright.proof.results import Rows, in_any_order, same_rows, varying_columns
from pgwright.proof.session import CallResult, CopySession, PreparedCall, Values
from pgwright.sql_files import read_sql
from pgwright.twin.planned import PricedStatement

# Without its LIMIT a statement may give a whole table; of more rows than these nothing is said.
_MOST_ROWS = 200_000
_VARIES = "it differs from run to run on one copy"
_ALL_VARY = "all rows: they differ from run to run on one copy"


@dataclass(frozen=True)
class Comparison:
    is_equal: bool
    """Of all that can be compared."""
    not_compared: tuple[str, ...] = ()


@dataclass(frozen=True)
class Side:
    session: CopySession
    call: PreparedCall

    def run(self, values: Values) -> CallResult:
        return self.session.run(self.call, values)


def compare(statement: PricedStatement, values: Values, old: Side, new: Side) -> Comparison:
    """Run a statement on both copies and compare what it gives. Raises psycopg.Error."""
    before, after = old.run(values), new.run(values)
    if same_rows(before.rows, after.rows):
        return Comparison(is_equal=True)
    if len(before.columns) != len(after.columns):
        return Comparison(is_equal=False)
    try:
        nature = read_nature(statement.statement.text)
    except UnparsableStatement:
        return Comparison(is_equal=False)
    return _Second(statement, values, old, new, nature, before, after).look()


@dataclass
class _Second:
    """A second look at rows that differ."""

    statement: PricedStatement
    values: Values
    old: Side
    new: Side
    nature: Nature
    before: CallResult
    after: CallResult

    def look(self) -> Comparison:
        named = self._changing_columns()
        if (found := self._among_the_rest(named)) is not None:
            return found
        again = self.old.run(self.values)
        varying = varying_columns(self.before.rows, again.rows)
        if not varying:
            return Comparison(is_equal=False)
        if len(varying) == len(self.before.columns):
            return Comparison(is_equal=True, not_compared=(_ALL_VARY,))
        named |= {place: f"{self.before.columns[place]}: {_VARIES}" for place in varying if place not in named}
        return self._among_the_rest(named) or Comparison(is_equal=False)

    def _among_the_rest(self, left_out: Mapping[int, str]) -> Comparison | None:
        """Return that the other columns are equal, and how they had to be asked; None where they are not."""
        reasons = tuple(left_out.values())
        if self._is_same(self.before.rows, self.after.rows, left_out):
            return Comparison(True, reasons)
        if self.nature.picks is None:
            return None
        chosen = f"which of equal rows {self.nature.picks} takes, or puts first"
        with suppress(psycopg.Error):  # a slow plan, or a scalar subquery that gives several rows without its LIMIT
            if self._is_same(*self._in_one_plan(), left_out):
                return Comparison(True, (*reasons, chosen))
        with suppress(psycopg.Error):
            both = self._uncut()
            if both is not None and self._is_same(*both, left_out):
                return Comparison(True, (*reasons, chosen))
        return None

    def _changing_columns(self) -> dict[int, str]:
        """Return the columns that call a function which gives something else each time, and why they are left out."""
        called = {name for _, names in self.nature.functions for name in names}
        query = read_sql("pgwright.proof", "changing_functions").encode()
        changing = {str(name) for (name,) in self.old.session.rows(query, (sorted(called),))} | (CHANGING & called)
        width = len(self.before.columns)
        found: dict[int, str] = {}
        for place, names in self.nature.functions:
            if (guilty := sorted(names & changing)) and place % width not in found:
                found[place % width] = (
                    f"{self.before.columns[place % width]}: {guilty[0]}() gives another value each time"
                )
        return found

    def _is_same(self, before: Rows, after: Rows, left_out: Iterable[int]) -> bool:
        gone, width = frozenset(left_out), len(self.before.columns)
        unordered = {place % width for place in self.nature.unordered} if width else set()
        return same_rows(_kept(before, gone, unordered), _kept(after, gone, unordered))

    def _in_one_plan(self) -> tuple[Rows, Rows]:
        with ExitStack() as plans:
            plans.enter_context(self.old.session.in_one_plan())
            plans.enter_context(self.new.session.in_one_plan())
            return self.old.run(self.values).rows, self.new.run(self.values).rows

    def _uncut(self) -> tuple[Rows, Rows] | None:
        """Return all rows, of which the statement takes some; None where there are too many, or it takes all."""
        if self.nature.uncut is None:
            return None
        text = f"SELECT * FROM ({self.nature.uncut}) AS every LIMIT {_MOST_ROWS + 1}"  # noqa: S608 - of the parser
        found = [self._of_side(side, text) for side in (self.old, self.new)]
        return None if any(len(rows) > _MOST_ROWS for rows in found) else (found[0], found[1])

    def _of_side(self, side: Side, text: str) -> Rows:
        with side.session.prepared(text, self.statement.role, side.call.types) as call:
            return side.session.run(call, self.values).rows


def _kept(rows: Rows, left_out: frozenset[int], unordered: set[int]) -> list[Sequence[object]]:
    """Return rows without some columns, and with the elements of others in one order."""
    return [tuple(_ordered(row, left_out, unordered)) for row in rows]


def _ordered(row: Sequence[object], left_out: frozenset[int], unordered: set[int]) -> Iterator[object]:
    for place, value in enumerate(row):
        if place not in left_out:
            yield in_any_order(value) if place in unordered else value
