"""A table with an index of each kind, and what the planner uses each one for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import psycopg

SCHEMA = """
CREATE COLLATION plain (provider = libc, locale = 'C.utf8');
CREATE EXTENSION btree_gin;
CREATE EXTENSION btree_gist;
CREATE EXTENSION citext;
CREATE DOMAIN email AS citext;
CREATE DOMAIN address AS email;
CREATE TABLE t (
    a int NOT NULL, b int, c numeric, v varchar(20) COLLATE plain, s text COLLATE plain, k text COLLATE "C", tags int[],
    span int4range, e email, w address, ci citext COLLATE "C", f char(40) COLLATE "C");
INSERT INTO t SELECT i % 1000, nullif(i % 700, 0), i % 50, (ARRAY['new', 'old', 'gone'])[1 + i % 3], md5(i::text),
    md5(i::text), ARRAY[i % 100, i % 77], int4range(i % 1000, i % 1000 + 5), md5(i::text), md5(i::text),
    md5(i::text), md5(i::text) FROM generate_series(1, 4000) i;
"""

# By name; each but the constraint is written as after CREATE INDEX … ON t.
INDEXES = {
    "a": "(a)",
    "a_desc": "(a DESC)",
    "a_nulls_first": "(a NULLS FIRST)",
    "a_b": "(a, b)",
    "a_b_turned": "(a DESC, b DESC)",
    "a_b_desc": "(a, b DESC)",
    "b_a": "(b, a)",
    "a_with_b": "(a) INCLUDE (b)",
    "a_with_s": "(a) INCLUDE (s)",
    "a_b_with_s": "(a, b) INCLUDE (s)",
    "b": "(b)",
    "b_filled": "(b) WHERE b IS NOT NULL",
    "a_filled": "(a) WHERE a IS NOT NULL",
    "a_b_filled": "(a) WHERE b IS NOT NULL",
    "a_new": "(a) WHERE v = 'new'",
    "a_new_cast": "(a DESC) WHERE (v)::text = 'new'::text AND a IS NOT NULL",
    "a_b_new": "(a, b) WHERE v IN ('new')",
    "a_new_or_old": "(a) WHERE v IN ('new', 'old')",
    "a_old_or_new": "(a) WHERE v = 'old' OR v = 'new'",
    "a_new_and_small": "(a) WHERE v = 'new' AND c < 9",
    "a_small": "(a) WHERE c < 9.0",
    "c_a_b_s": "(c, a, b, s)",
    "s": "(s)",
    "s_pattern": "(s text_pattern_ops)",
    "s_bytewise": '(s COLLATE "C")',
    "k": "(k)",
    "k_pattern": "(k text_pattern_ops)",
    "k_a": "(k, a)",
    "v": "(v)",
    "v_ops": "(v varchar_ops)",
    "v_pattern": "(v varchar_pattern_ops)",
    "v_text_pattern": "(v text_pattern_ops)",
    "lower_s": "(lower(s))",
    "lower_s_a": "(lower(s), a)",
    "lower_v": "(lower(v))",
    "a_lower_s": "(a, lower(s))",
    "a_hash": "USING hash (a)",
    "s_hash": "USING hash (s)",
    "tags": "USING gin (tags)",
    "tags_a": "USING gin (tags, a)",
    "a_gin": "USING gin (a)",
    "span": "USING gist (span)",
    "span_a": "USING gist (span, a)",
    "a_span": "USING gist (a, span)",
    "e": "(e)",
    "e_text": "(e text_ops)",
    "e_varchar": "(e varchar_ops)",
    "e_pattern": "(e text_pattern_ops)",
    "e_citext_pattern": "(e citext_pattern_ops)",
    "e_hash": "USING hash (e)",
    "e_text_hash": "USING hash (e text_ops)",
    "w": "(w)",
    "w_text": "(w text_ops)",
    "w_hash": "USING hash (w)",
    "ci": "(ci)",
    "ci_pattern": "(ci text_pattern_ops)",
    "ci_hash": "USING hash (ci)",
    "f": "(f)",
    "f_pattern": "(f bpchar_pattern_ops)",
    "f_hash": "USING hash (f)",
    "s_as_citext": "((s::citext))",
    "s_as_citext_text": "((s::citext) text_ops)",
    "s_as_citext_pattern": "((s::citext) text_pattern_ops)",
    "s_as_citext_hash": "USING hash ((s::citext))",
    "a_brin": "USING brin (a)",
    "a_b_brin": "USING brin (a, b)",
    "a_fine_brin": "USING brin (a) WITH (pages_per_range=8)",
}

_CONDITIONS = (
    "a = 5", "a > 990", "a IN (5, 6)", "a = 5 AND b = 7", "a = 5 AND b > 7", "b = 7", "b > 690", "b IS NULL",
    "b IS NOT NULL", "a IS NOT NULL AND a > 990", "c = 5", "c = 5 AND a = 3", "v = 'new' AND a = 5", "v = 'new'",
    "v = 'new' AND a > 990", "v = 'new' AND a = 5 AND b = 7", "v IN ('new', 'old') AND a = 5", "v = 'new' AND c < 9",
    "v = 'new' AND c < 9 AND a = 5", "c < 9 AND a = 5", "c < 5 AND a = 5", "b IS NOT NULL AND a = 5",
    "s = 'x'", "s > 'x'", "s LIKE 'x%'", "s COLLATE \"C\" = 'x'", "s COLLATE \"C\" > 'x'", "k = 'x'", "k > 'x'",
    "k LIKE 'x%'", "k = 'x' AND a = 5", "v LIKE 'x%'", "v > 'x'", "v = 'x'", "lower(s) = 'x'", "lower(s) > 'x'",
    "lower(s) = 'x' AND a = 5", "lower(v) = 'x'", "tags @> '{5}'", "tags && '{5}'", "tags @> '{5}' AND a = 5",
    "span && '[1,3)'", "span @> 5", "span && '[1,3)' AND a = 5", "s ~ '^x'", "k ~ '^x'",
    "e = 'x'", "e > 'x'", "e::text = 'x'", "e::text > 'x'", "e::text LIKE 'x%'", "e::citext ~<~ 'x'", "w = 'x'",
    "w > 'x'", "w::text = 'x'", "ci = 'x'", "ci > 'x'", "ci::text = 'x'", "ci::text LIKE 'x%'", "f = 'x'", "f > 'x'",
    "f LIKE 'x%'", "s::citext = 'x'", "s::citext > 'x'", "s::citext::text = 'x'", "s::citext::text LIKE 'x%'",
)  # fmt: skip
_ORDERS = (
    "a", "a DESC", "a NULLS FIRST", "a DESC NULLS LAST", "b", "b DESC NULLS LAST", "a, b", "a DESC, b DESC",
    "a, b DESC", "a DESC, b", "b, a", "a, b, s", "c, a", "s", "s DESC", 's COLLATE "C"', "k", "k DESC", "k, a", "v",
    "lower(s)", "lower(s), a", "lower(s) DESC, a DESC", "lower(v)", "a, lower(s)", "a <-> 5", "span",
    "e", "e::text", "w", "w::text", "ci", "ci::text", "f", "s::citext", "s::citext::text",
)  # fmt: skip
_WITHIN = (
    "b IS NOT NULL", "b > 690", "a > 990", "a IS NOT NULL", "v = 'new'", "v IN ('new', 'old')", "c < 9", "a = 5",
    "k = 'x'",
)  # fmt: skip
_READS = ("a", "b", "a, b", "a, s", "a, b, s", "b, a", "s", "k", "v", "c, a", "k, a")


@dataclass(frozen=True)
class Probe:
    statement: str
    settings: tuple[str, ...] = ()
    """Ways of planning that are off."""


def probes() -> Iterator[Probe]:
    """Yield the statements, each with all ways off that would let the planner do without what it asks for."""
    for condition in _CONDITIONS:
        yield Probe(f"SELECT * FROM t WHERE {condition}", ("sort",))
    unsorted = ("sort", "incremental_sort", "bitmapscan")
    for order in _ORDERS:
        yield Probe(f"SELECT * FROM t ORDER BY {order} LIMIT 9", unsorted)
    for condition in _WITHIN:
        for order in ("a", "a DESC", "b", "b DESC NULLS LAST", "a, b"):
            yield Probe(f"SELECT * FROM t WHERE {condition} ORDER BY {order} LIMIT 9", unsorted)
    for columns in _READS:
        yield Probe(f"SELECT {columns} FROM t", ("bitmapscan",))
        yield Probe(f"SELECT {columns} FROM t WHERE a > 990", ("bitmapscan",))
        yield Probe(f"SELECT {columns} FROM t WHERE a = 5 AND v = 'new'", ("bitmapscan",))


@dataclass(frozen=True)
class Use:
    """How the planner uses the only index that it has for one probe."""

    found_by: frozenset[str] = frozenset()
    """Columns in conditions that the index answers."""
    passed_over: frozenset[str] = frozenset()
    """Columns in conditions that each row is tested by."""
    is_sorted: bool = False
    is_index_only: bool = False

    def does(self, other: Use) -> bool:
        """Tell whether this use is as good as another of the same probe."""
        return (
            self.found_by >= other.found_by
            and self.passed_over <= other.passed_over
            and self.is_sorted >= other.is_sorted
            and self.is_index_only >= other.is_index_only
        )


@dataclass
class Planner:
    """Asks the planner, with one index at a time."""

    connection: psycopg.Connection[Any]
    off: tuple[str, ...] = field(default=())

    def uses(self, index: str) -> Mapping[Probe, Use]:
        """Return the probes for which an index is used when it is the only one."""
        self.connection.execute(
            "UPDATE pg_index SET indisvalid = (indexrelid = %s::regclass) WHERE indrelid = 't'::regclass", (index,)
        )
        found = {}
        for probe in sorted(probes(), key=lambda probe: probe.settings):
            self._switch(probe.settings)
            row = self.connection.execute(f"EXPLAIN (FORMAT JSON) {probe.statement}".encode()).fetchone()
            assert row is not None
            use = read_use(row[0][0]["Plan"], index, "ORDER BY" in probe.statement)
            if use is not None:
                found[probe] = use
        return found

    def _switch(self, off: tuple[str, ...]) -> None:
        if off != self.off:
            self.connection.execute("RESET ALL")
            for way in ("seqscan", *off):
                self.connection.execute(f"SET enable_{way} = off".encode())
            self.off = off


def read_use(plan: Mapping[str, Any], index: str, is_ordered: bool) -> Use | None:
    """Return how a plan uses an index; None when it does not, or only reads all rows in vain."""
    nodes = list(_nodes(plan))
    scans = [node for node in nodes if node.get("Index Name") == index]
    if not scans:
        return None
    found_by = _columns(node.get("Index Cond", "") for node in scans)
    passed_over = _columns(node.get("Filter", "") for node in nodes)
    is_sorted = is_ordered and not any("Sort" in node["Node Type"] for node in nodes)
    is_index_only = all(node["Node Type"] == "Index Only Scan" for node in scans)
    return Use(found_by, passed_over, is_sorted, is_index_only)


def _nodes(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from _nodes(child)


def _columns(conditions: Iterable[str]) -> frozenset[str]:
    """Return the columns that conditions name, without the strings and types in them."""
    text = " ".join(conditions)
    words = re.findall(r"\b\w+\b", re.sub(r"'[^']*'(::[\w\[\]]+)?", "", text))
    return frozenset(words) & {"a", "b", "c", "v", "s", "k", "tags", "span", "e", "w", "ci", "f"}
