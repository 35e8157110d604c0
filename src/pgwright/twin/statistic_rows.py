"""Statistics of columns as rows of `pg_statistic`: before PostgreSQL 18 no function takes them.

The kinds, operators and collations are those that ANALYZE writes: src/include/catalog/pg_statistic.h,
src/backend/commands/analyze.c and the `*typanalyze.c` of src/backend/utils/adt and src/backend/tsearch.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import psycopg

from pgwright.model.not_examined import NotExamined
from pgwright.model.statistics import ColumnStatistics
from pgwright.sql_files import read_sql
from pgwright.twin.domains import refuse_checks, types_of

Placed = tuple[ColumnStatistics, str, str, str, bool]
"""What is known, and where it goes: schema, relation, column, and whether children are included."""

_COMMON, _HISTOGRAM, _CORRELATION, _ELEMENTS, _COUNTS, _LENGTHS, _BOUNDS = range(1, 8)
_SLOTS = 5
_TEXT, _TSVECTOR, _FLOAT8 = 25, 3614, 701
_TEXT_EQUAL, _FLOAT8_LESS, _DEFAULT_COLLATION = 98, 672, 100

Row = dict[str, object]


@dataclass(frozen=True)
class _Type:
    """A column's type, by its oid in the twin; 0 where there is no such operator or type."""

    input: int
    """The type that reads its values: of a domain the base type, whose input runs no CHECK."""
    less: int
    equal: int
    element: int
    element_equal: int
    range: int
    """The type itself, or of a multirange its range."""


@dataclass(frozen=True)
class _Slot:
    kind: int
    operator: int
    collation: int
    numbers: Sequence[float] | None = None
    values: str | None = None
    """An array in its text form."""
    type: int = 0
    """Of the array's elements."""


def insert_statistics(
    owner: psycopg.Connection, catalogs: psycopg.Connection, placed: Sequence[Placed]
) -> tuple[NotExamined, ...]:
    """Write a row for each column; tell of those that the server did not take. What does not exist is passed over.

    The superuser reads the values, of arrays of a domain too: inside `unchecked_domains` only.
    """
    try:
        _insert(owner, catalogs, placed)
        return ()
    except psycopg.Error:  # one value that does not fit fails all
        return tuple(chain.from_iterable(_inserted_alone(owner, catalogs, one) for one in placed))


def _insert(owner: psycopg.Connection, catalogs: psycopg.Connection, placed: Sequence[Placed]) -> None:
    with catalogs.transaction():
        refuse_checks(catalogs)
        rows = json.dumps(list(_rows(owner, catalogs, placed)))
        for query in ("delete_statistics", "insert_statistics"):
            catalogs.execute(read_sql("pgwright.twin", query).encode(), (rows,))


def _inserted_alone(owner: psycopg.Connection, catalogs: psycopg.Connection, one: Placed) -> Iterator[NotExamined]:
    try:
        _insert(owner, catalogs, [one])
    except psycopg.Error as error:
        what = f"statistics of {one[0].relation.short}.{one[0].column}"
        yield NotExamined(what, f"not copied to the twin: {error.diag.message_primary or error}")


def _rows(owner: psycopg.Connection, catalogs: psycopg.Connection, placed: Sequence[Placed]) -> Iterator[Row]:
    """Yield the rows. Where they go, and of what types, the superuser reads: the owner's session may be hostile."""
    wanted = [
        {"number": number, "schema": schema, "name": name, "column": column}
        for number, (_, schema, name, column, _) in enumerate(placed)
    ]
    places = catalogs.execute(read_sql("pgwright.twin", "column_places").encode(), (json.dumps(wanted),)).fetchall()
    types = {
        number: kind if expression is None else types_of(owner, expression, 1)[0]
        for number, _, _, kind, _, expression in places
    }
    facts = _facts(catalogs, sorted(set(types.values())))
    for number, relation, place, _, collation, _ in places:
        known, *_, is_inherited = placed[number]
        if types[number] not in facts:
            raise psycopg.DataError("the type of its expression is unknown")
        row: Row = {
            "relation": relation,
            "number": place,
            "inherited": is_inherited,
            "null_fraction": known.null_fraction,
            "average_width": known.average_width,
            "distinct": known.distinct,
        }
        slots = list(_slots(known, types[number], facts[types[number]], collation))[:_SLOTS]
        for slot_number, slot in enumerate([*slots, *[_Slot(0, 0, 0)] * (_SLOTS - len(slots))], 1):
            row |= {f"{field}{slot_number}": value for field, value in vars(slot).items()}
        yield row


def _facts(catalogs: psycopg.Connection, types: Sequence[int]) -> dict[int, _Type]:
    found = catalogs.execute(read_sql("pgwright.twin", "type_facts").encode(), (list(types),)).fetchall()
    return {kind: _Type(*(oid or 0 for oid in facts)) for kind, *facts in found}


def _slots(known: ColumnStatistics, kind: int, facts: _Type, collation: int) -> Iterator[_Slot]:
    values, own = facts.input, collation
    if known.common_values is not None:
        common = _array(known.common_values)
        yield _Slot(_COMMON, facts.equal, own, known.common_frequencies, common, values)
    if known.histogram is not None:
        yield _Slot(_HISTOGRAM, facts.less, own, None, _array(known.histogram), values)
    if known.correlation is not None:
        yield _Slot(_CORRELATION, facts.less, own, [known.correlation])
    is_document = kind == _TSVECTOR
    element, equal = (_TEXT, _TEXT_EQUAL) if is_document else (facts.element, facts.element_equal)
    of_elements = _DEFAULT_COLLATION if is_document else own
    if known.common_elements is not None:
        common = _array(known.common_elements)
        yield _Slot(_ELEMENTS, equal, of_elements, known.common_element_frequencies, common, element)
    if known.element_count_histogram is not None:
        yield _Slot(_COUNTS, equal, of_elements, known.element_count_histogram)
    if known.range_empty_fraction is not None:
        lengths = known.range_length_histogram or "{}"
        yield _Slot(_LENGTHS, _FLOAT8_LESS, 0, [known.range_empty_fraction], lengths, _FLOAT8)
    if known.range_bounds_histogram is not None:
        yield _Slot(_BOUNDS, 0, 0, None, known.range_bounds_histogram, facts.range)


def _array(values: Sequence[str]) -> str:
    """Return an array in its text form.

    >>> _array(['a', 'say "no"'])
    '{"a","say \\\\"no\\\\""}'
    """
    quoted = (value.replace("\\", "\\\\").replace('"', '\\"') for value in values)
    return "{" + ",".join(f'"{value}"' for value in quoted) + "}"
