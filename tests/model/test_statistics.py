from __future__ import annotations

import pytest

from pgwright.model.names import QualifiedName
from pgwright.model.statistics import ColumnStatistics


def statistics(**fields: object) -> ColumnStatistics:
    told: dict[str, object] = {
        "relation": QualifiedName("public", "job"),
        "column": "a",
        "is_inherited": False,
        "null_fraction": 0.0,
        "average_width": 8,
        "distinct": -1.0,
        "correlation": None,
        "common_values": None,
        "common_frequencies": None,
        "histogram": None,
    }
    return ColumnStatistics(**{**told, **fields})  # type: ignore[arg-type]


@pytest.mark.parametrize(("distinct", "count"), [(7.0, 7.0), (-0.5, 500.0), (-1.0, 1_000.0), (0.0, 0.0)])
def test_distinct_values_are_a_count_or_a_share_of_the_rows(distinct: float, count: float) -> None:
    assert statistics(distinct=distinct).distinct_count(1_000) == count


def test_sample_is_common_values_then_the_histogram_as_far_as_they_are_there() -> None:
    assert statistics(common_values=("x",), histogram=("a", "b")).sample == ("x", "a", "b")
    assert statistics(histogram=("a",)).sample == ("a",)
    assert statistics().sample == ()
