"""What CREATE STATISTICS gathered, as far as our role may read it: `pg_stats_ext`."""

from __future__ import annotations

import json
from collections.abc import Mapping

from pgwright.database import ReadOnlyDatabase, Row
from pgwright.model.names import QualifiedName
from pgwright.model.statistics import (
    ColumnStatistics,
    CommonCombination,
    Dependency,
    DistinctCombinations,
    ExtendedStatistics,
    StatisticsKind,
)
from pgwright.snapshot.statistics import column_statistics
from pgwright.snapshot.tables import PACKAGE

_EXPRESSIONS_SINCE = 140_000
# pg_statistic_ext.stxkind, from the server's source: src/include/catalog/pg_statistic_ext.h.
_KINDS: Mapping[str, StatisticsKind] = {"d": "ndistinct", "f": "dependencies", "m": "mcv", "e": "expressions"}

_Key = tuple[QualifiedName, bool, str]


def read_extended_statistics(database: ReadOnlyDatabase, *, with_values: bool) -> tuple[ExtendedStatistics, ...]:
    """Return one value an object, two for a parent table; without sample values when they are not wanted."""
    rows = database.read(PACKAGE, "extended_statistics", {"with_values": with_values})
    expressions: dict[_Key, ColumnStatistics] = {}
    if any(row["expressions"] for row in rows) and database.version_number >= _EXPRESSIONS_SINCE:
        for row in database.read(PACKAGE, "expression_statistics", {"with_values": with_values}):
            known = column_statistics(row)
            expressions[known.relation, known.is_inherited, known.column] = known
    return tuple(_extended(row, expressions) for row in rows)


def _extended(row: Row, expressions: Mapping[_Key, ColumnStatistics]) -> ExtendedStatistics:
    name = QualifiedName(row["schema"], row["name"])
    texts = tuple(row["expressions"])
    places = {number: place for place, number in enumerate(row["numbers"])}
    places |= {-number: len(places) + number - 1 for number in range(1, len(texts) + 1)}
    combinations = zip(
        row["common_values"] or (),
        row["common_frequencies"] or (),
        row["common_base_frequencies"] or (),
        strict=True,
    )
    return ExtendedStatistics(
        name=name,
        table=QualifiedName(row["table_schema"], row["table_name"]),
        kinds=tuple(_KINDS[kind] for kind in row["kinds"] if kind in _KINDS),
        columns=tuple(row["columns"] or ()),
        expressions=texts,
        is_inherited=row["is_inherited"],
        is_readable=row["is_readable"],
        distinct=tuple(
            DistinctCombinations(_places(key, places), float(count))
            for key, count in json.loads(row["distinct"] or "{}").items()
        ),
        dependencies=tuple(
            Dependency(_places(key.replace("=>", ","), places), degree)
            for key, degree in json.loads(row["dependencies"] or "{}").items()
        ),
        common=tuple(CommonCombination(tuple(values), share, base) for values, share, base in combinations),
        expression_statistics=tuple(expressions.get((name, row["is_inherited"], text)) for text in texts),
    )


def _places(key: str, places: Mapping[int, int]) -> tuple[int, ...]:
    """Return what the server writes as `3, 4` or `-1, 4`, column numbers, as places among the keys."""
    return tuple(places[int(number)] for number in key.split(","))
