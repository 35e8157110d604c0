"""Further values for the parameters of a statement, where those from the statistics do not do what production does."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pgwright.logs import Values
from pgwright.model.names import QualifiedName, quote
from pgwright.model.proof import Effort
from pgwright.model.snapshot import Snapshot
from pgwright.model.statistics import ColumnStatistics, in_order
from pgwright.model.table import Column
from pgwright.proof.fillers import fillers
from pgwright.proof.samples import Sample, sample
from pgwright.proof.session import CopySession
from pgwright.proof.subjects import Subject, cuts, read_subjects
from pgwright.twin.planned import PricedStatement
from pgwright.workload.literals import array, parts

# Values for some parameters, by their numbers; the others stay.
Move = Mapping[int, str]

_LIMITS = ("1", "10", "20", "25", "50", "100", "500", "1000")
_OFFSETS = ("0", "100", "1000", "10000")
_LIST_LENGTHS = (1, 2, 3, 5, 10, 25, 50, 100)
_WIDTHS = (0.0, 0.01, 0.05, 0.15, 1 / 3, 2 / 3, 1.0)
_LETTERS = (1, 2, 3, 5, 8)
_MOST_TEXTS = 6
_WILD = re.compile(r"([\\%_])")


@dataclass
class ValueCandidates:
    """What the parameters of one statement may stand for."""

    statement: PricedStatement
    types: Sequence[str]
    """Of the parameters, as the server sees them."""
    observed: Effort
    session: CopySession
    snapshot: Snapshot
    calls: Sequence[Values] = ()
    """Of it in the server's log, those to try first in front."""

    def __post_init__(self) -> None:
        self._subjects = read_subjects(self.statement.statement.text, self.statement.shape, self.snapshot)
        self._cuts = cuts(self.statement.shape)
        texts: dict[QualifiedName, dict[str, None]] = {}
        for one in self._subjects.values():
            texts.setdefault(one.table, {})[one.text] = None
        self._samples = {table: sample(table, list(own), self.session, self.snapshot) for table, own in texts.items()}
        self._fillers = {number: fillers(name, self.session) for number, name in enumerate(self.types, start=1)}

    def logged(self) -> Iterator[Values]:
        """Yield the values of calls in the server's log, as far as they are for what is prepared."""
        return (values for values in self.calls if self.types and len(values) == len(self.types))

    def first(self) -> Iterator[list[str | None]]:
        """Yield what the statistics suggest, the likeliest first; None for a parameter that nobody knows."""
        for case in sorted(self.statement.cases, key=lambda case: -case.weight):
            given = case.values or ()
            known = {number: value for number, value in enumerate(given, start=1) if value is not None}
            numbers = range(1, len(self.types) + 1)
            yield [known[number] if number in known else self._plain(number) for number in numbers]

    def moves(self) -> Iterator[Sequence[Move]]:
        """Yield the ways to change the values, group after group: each changes parameters that go together."""
        for table, rows in self._samples.items():
            yield list(self._of_rows(table, rows))
        for (table, text), ends in self._ranges().items():
            yield list(self._of_range(table, text, ends))
        for number, subject in self._subjects.items():
            if subject.way == "pattern":
                yield [{number: pattern} for pattern in _patterns(self._values(subject))]
            elif subject.way == "letters":
                yield [{number: pattern.strip("%")} for pattern in _patterns(self._values(subject))]
            elif subject.way == "part":
                column = self._column(subject.table, subject.text)
                yield [{number: one} for one in parts(column.base_type if column else "", self._values(subject))]
            elif subject.way == "list":
                yield [{number: array(values)} for values in _lists(self._values(subject))]
            elif subject.way == "equal":
                yield [{number: value} for value in self._from_statistics(subject)]
        for number, role in self._cuts.items():
            yield [{number: value} for value in (_LIMITS if role == "limit" else _OFFSETS)]
        for number in range(1, len(self.types) + 1):
            if number not in self._subjects and number not in self._cuts:
                yield [{number: value} for value in self._fillers[number][1:]]

    def _plain(self, number: int) -> str | None:
        """Return some value for a parameter that the statistics do not tell."""
        role: Literal["limit", "offset"] | None = self._cuts.get(number)
        if role is not None:
            return "0" if role == "offset" else str(max(1, math.ceil(self.observed.rows)))
        subject = self._subjects.get(number)
        values = self._values(subject) if subject is not None else ()
        if subject is not None and values:
            return self._written(subject, values[-1] if subject.way == "set" else values[0])
        return next(iter(self._fillers[number]), None)

    def _values(self, subject: Subject) -> tuple[str, ...]:
        """Return different values: of some rows, then those of the statistics, where rare ones are too."""
        known = self._statistics(subject.table, subject.text)
        sampled = self._samples[subject.table].of(subject.text)
        return tuple(dict.fromkeys((*sampled, *(known.sample if known is not None else ()))))

    def _written(self, subject: Subject, value: str) -> str:
        if subject.way == "letters":
            return _escaped(value[:3])
        if subject.way == "pattern":
            return f"%{_escaped(value[:3])}%"
        return array([value]) if subject.way == "list" else value

    def _of_rows(self, table: QualifiedName, rows: Sample) -> Iterator[Move]:
        """Yield the values of one row for all parameters; and of rows after it, where an IN list asks for several."""
        own = [(n, one) for n, one in self._subjects.items() if one.table == table and one.way in ("equal", "set")]
        if not own:
            return
        for start in range(len(rows.rows)):
            for step in (0, 1) if len({one.text for _, one in own}) < len(own) else (0,):
                seen: dict[str, int] = {}
                move: dict[int, str] = {}
                for number, one in own:
                    # A new value is not the old one: the server would leave the indexes alone.
                    place = start + 1 if one.way == "set" else start + step * seen.get(one.text, 0)
                    seen[one.text] = seen.get(one.text, 0) + 1
                    value = rows.rows[place % len(rows.rows)].get(one.text)
                    if value is not None:
                        move[number] = value
                yield move

    def _ranges(self) -> dict[tuple[QualifiedName, str], list[tuple[int, Subject]]]:
        found: dict[tuple[QualifiedName, str], list[tuple[int, Subject]]] = {}
        for number, one in self._subjects.items():
            if one.way in ("lower end", "upper end"):
                found.setdefault((one.table, one.text), []).append((number, one))
        return found

    def _of_range(self, table: QualifiedName, text: str, ends: Sequence[tuple[int, Subject]]) -> Iterator[Move]:
        """Yield ends of a range of several widths: up to the last value, and around the middle."""
        bounds = self._bounds(table, text)
        last = len(bounds) - 1
        if last < 1:
            return
        ways = {one.way for _, one in ends}
        for width in _WIDTHS:
            size = round(width * last)
            for low in dict.fromkeys((last - size, (last - size) // 2)):
                high = low + size if len(ways) > 1 else last - low
                yield {number: bounds[low if one.way == "lower end" else high] for number, one in ends}

    def _bounds(self, table: QualifiedName, text: str) -> tuple[str, ...]:
        known = self._statistics(table, text)
        if known is not None and known.histogram and len(known.histogram) > 1:
            return known.histogram
        return in_order(self._samples[table].of(text))

    def _from_statistics(self, subject: Subject) -> Iterator[str]:
        known = self._statistics(subject.table, subject.text)
        for values in (known.common_values or (), known.histogram or ()) if known is not None else ():
            places = dict.fromkeys((0, 1, len(values) // 2, len(values) - 1))
            yield from (values[place] for place in places if 0 <= place < len(values))

    def _statistics(self, table: QualifiedName, text: str) -> ColumnStatistics | None:
        column = self._column(table, text)
        return self.snapshot.statistics_by_column.get((table, column.name)) if column is not None else None

    def _column(self, table: QualifiedName, text: str) -> Column | None:
        """Return the column that a text names; None where it is an expression."""
        columns = self.snapshot.table_by_name[table].columns
        return next((column for column in columns if quote(column.name) == text), None)


def _patterns(values: Sequence[str]) -> Iterator[str]:
    texts = [value for value in values if value][:_MOST_TEXTS]
    for text in texts:
        for length in _LETTERS:
            yield f"{_escaped(text[:length])}%"
            middle = max((len(text) - length) // 2, 0)
            yield f"%{_escaped(text[middle : middle + length])}%"
        yield _escaped(text)
    yield "%"


def _lists(values: Sequence[str]) -> Iterator[Sequence[str]]:
    yield from (values[:length] for length in _LIST_LENGTHS if values[:length])


def _escaped(text: str) -> str:
    return _WILD.sub(r"\\\1", text)
