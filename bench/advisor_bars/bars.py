"""What is asked of the advisor, and the bars."""

from __future__ import annotations

from collections.abc import Mapping

from tpc import Name

BUDGETS = (25, 50, 100)
MODES = ("b-tree-2", "all")
BARS: Mapping[tuple[Name, str], tuple[float, float, float]] = {
    ("tpch", "b-tree-2"): (0.849, 0.725, 0.636),
    ("tpch", "all"): (0.65, 0.61, 0.58),
    ("tpcds", "b-tree-2"): (0.785, 0.742, 0.721),
    ("tpcds", "all"): (0.74, 0.715, 0.70),
}
# The best of the published advisors for each budget, with HypoPG on PostgreSQL 15, measured on the same settings.
PEERS: Mapping[Name, tuple[float, float, float]] = {"tpch": (0.849, 0.731, 0.640), "tpcds": (0.804, 0.767, 0.743)}
SECONDS: Mapping[Name, tuple[float, float]] = {"tpch": (1.0, 5.0), "tpcds": (5.0, 40.0)}
DEADLINES: Mapping[Name, float] = {"tpch": 4.2, "tpcds": 36.0}
EQUAL_PLANS: Mapping[str, int] = {"tpch": 22, "tpcds": 97}
MOST_COST_ERROR, MOST_REAL_COST_ERROR = 0.001, 0.03
MEDIAN_SIZE_ERROR, MOST_SIZE_ERROR = 0.15, 0.40
MOST_SLOWDOWN = 1.5
# Below this a statement's time is noise of a machine with two cores.
SHORT_SECONDS = 0.05
