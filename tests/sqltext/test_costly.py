"""Forms that cost much whatever indexes there are, and queries that only look like them."""

from __future__ import annotations

import pytest

from pgwright.errors import UnparsableStatement
from pgwright.sqltext import CostlyForm, costly_forms

COSTLY = [
    ("correlated subquery", "SELECT 1 FROM t WHERE a > (SELECT avg(i.a) FROM t i WHERE i.b = t.b)", ""),
    ("correlated subquery", "SELECT t.a, (SELECT count(*) FROM u WHERE u.t_id = t.id) FROM t LIMIT 5", ""),
    ("common table", "WITH y AS (SELECT * FROM t) SELECT 1 FROM y one JOIN y other ON one.a = other.a", "y"),
    ("not in", "SELECT 1 FROM t WHERE a NOT IN (SELECT a FROM u)", ""),
    ("not in", "SELECT 1 FROM t WHERE a <> ALL (SELECT a FROM u)", ""),
    ("or over tables", "SELECT 1 FROM t JOIN u ON u.id = t.u_id WHERE t.a = $1 OR u.b = $2", ""),
    ("or over tables", "SELECT 1 FROM t WHERE a = $1 OR id IN (SELECT t_id FROM u WHERE b = $2)", ""),
    ("distinct over join", "SELECT DISTINCT t.id, t.a FROM t JOIN u ON u.t_id = t.id", ""),
    ("aggregate of everything", "SELECT kind, count(*) FROM t GROUP BY kind", ""),
    ("function of each row", "SELECT 1 FROM t WHERE distance(a, $1) < 5", "distance"),
]
PLAIN = [
    "SELECT 1 FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.t_id = t.id)",
    "SELECT 1 FROM t WHERE a IN (SELECT a FROM u WHERE u.b = t.b)",
    "SELECT 1 FROM t WHERE a > (SELECT avg(i.a) FROM t i WHERE i.b = $1)",
    "WITH y AS (SELECT * FROM t WHERE a = $1) SELECT * FROM y",
    "WITH y AS NOT MATERIALIZED (SELECT * FROM t) SELECT 1 FROM y one JOIN y other ON one.a = other.a",
    "WITH RECURSIVE y AS (SELECT 1 AS a UNION ALL SELECT t.a FROM t JOIN y ON y.a = t.b) SELECT * FROM y",
    "SELECT 1 FROM t WHERE a NOT IN ($1, $2)",
    "SELECT 1 FROM t JOIN u ON u.id = t.u_id WHERE t.a = $1 OR t.b = $2",
    "SELECT DISTINCT t.id, u.b FROM t JOIN u ON u.t_id = t.id",
    "SELECT DISTINCT kind FROM t",
    "SELECT count(*) FROM t WHERE a = $1",
    "SELECT 1 FROM t WHERE a = lower($1)",
    "INSERT INTO t (a) VALUES ($1)",
]


@pytest.mark.parametrize(("form", "text", "part"), COSTLY)
def test_a_costly_form_is_seen(form: str, text: str, part: str) -> None:
    assert CostlyForm(form, part) in costly_forms(text)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", PLAIN)
def test_nothing_is_said_of_a_query_that_only_looks_like_one(text: str) -> None:
    assert costly_forms(text) == ()


def test_each_form_is_told_once() -> None:
    twice = "SELECT 1 FROM t WHERE a NOT IN (SELECT a FROM u) AND b NOT IN (SELECT b FROM u)"
    assert costly_forms(twice) == (CostlyForm("not in"),)


def test_what_is_cut_off_is_refused() -> None:
    with pytest.raises(UnparsableStatement):
        costly_forms("SELECT 1 FROM t WHERE a NOT IN (SEL")
