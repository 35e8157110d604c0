"""Statistics of a partitioned table, put together from its leaves."""

from __future__ import annotations

from typing import Any

import pytest

from pgwright.model.names import QualifiedName
from pgwright.model.partitions import of_all_leaves
from pgwright.model.statistics import ColumnStatistics


def leaf(**fields: Any) -> ColumnStatistics:
    defaults: dict[str, Any] = {
        "relation": QualifiedName("public", "leaf"),
        "column": "c",
        "is_inherited": False,
        "null_fraction": 0.0,
        "average_width": 4,
        "distinct": 10.0,
        "correlation": None,
        "common_values": None,
        "common_frequencies": None,
        "histogram": None,
    }
    return ColumnStatistics(**{**defaults, **fields})


def test_without_any_leaf_that_was_analyzed_nothing_is_known() -> None:
    assert of_all_leaves([]) is None


def test_shares_are_weighted_by_rows() -> None:
    whole = of_all_leaves(
        [
            (leaf(null_fraction=0.4, common_values=("a", "b"), common_frequencies=(0.5, 0.1)), 100.0),
            (leaf(null_fraction=0.0, common_values=("b",), common_frequencies=(0.9,)), 300.0),
        ]
    )
    assert whole is not None
    assert whole.null_fraction == pytest.approx(0.1)
    assert whole.common_values == ("b", "a")
    assert whole.common_frequencies == pytest.approx((0.7, 0.125))


def test_values_that_grow_with_the_rows_differ_between_leaves_and_others_recur() -> None:
    growing = of_all_leaves([(leaf(distinct=-1.0), 100.0), (leaf(distinct=-0.5), 300.0)])
    assert growing is not None
    assert growing.distinct == pytest.approx(-0.625)
    recurring = of_all_leaves([(leaf(distinct=7.0), 100.0), (leaf(distinct=9.0), 300.0)])
    assert recurring is not None
    assert recurring.distinct == 9.0


def test_the_histogram_spans_all_leaves_in_order() -> None:
    old, new = tuple(map(str, range(101))), tuple(map(str, range(101, 202)))
    whole = of_all_leaves([(leaf(histogram=new), 300.0), (leaf(histogram=old), 100.0)])
    assert whole is not None
    assert whole.histogram is not None
    assert (whole.histogram[0], whole.histogram[-1]) == ("0", "201")
    assert 95 <= len(whole.histogram) <= 105
    assert sum(int(bound) < 101 for bound in whole.histogram) == pytest.approx(25, abs=2)
