"""Every metric keeps to the naming scheme, is documented, and is published as it is defined."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from pgwright_runtime import create_engine
from pgwright_runtime.metrics import METRICS, POOL, Metric
from pgwright_runtime.pools import PoolMetrics

ROOT = Path(__file__).parents[2]
UNITS = {"seconds", "bytes", "ratio"}
# Of a unit that is no base unit, or that Prometheus itself adds.
FORBIDDEN = {"ms", "milliseconds", "minutes", "kb", "mb", "percent", "count", "sum", "bucket", "info"}


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_a_metric_is_named_by_the_scheme(metric: Metric) -> None:
    assert re.fullmatch(r"pgwright_[a-z]+(_[a-z]+)+", metric.name)
    words = metric.name.split("_")
    assert (words[-1] == "total") == (metric.kind == "counter")
    last = words[-2] if metric.kind == "counter" else words[-1]
    assert (last if last in UNITS else "") == metric.unit
    assert not FORBIDDEN & set(words)
    assert metric.help.endswith(".")
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", label) for label in metric.labels)
    assert (metric.kind == "histogram") == bool(metric.buckets)
    assert list(metric.buckets) == sorted(set(metric.buckets))


def test_no_name_is_given_twice() -> None:
    assert len({metric.name for metric in METRICS}) == len(METRICS)


def test_the_manual_names_each_metric_and_no_other() -> None:
    named = {
        name
        for page in (ROOT / "docs").rglob("*.md")
        for name in re.findall(r"\bpgwright_(?!runtime)[a-z]+_[a-z_]+", page.read_text())
    }
    assert {metric.name for metric in METRICS} <= named
    assert {name for name in named if name.startswith("pgwright_pool_")} <= {metric.name for metric in METRICS}


def test_a_pool_publishes_what_is_defined() -> None:
    registry = CollectorRegistry()
    PoolMetrics(create_engine("postgresql://"), registry=registry)
    published = {
        (family.name + "_total" * (family.type == "counter"), family.type, family.documentation)
        for family in registry.collect()
    }
    assert published == {(metric.name, metric.kind, metric.help) for metric in POOL}
