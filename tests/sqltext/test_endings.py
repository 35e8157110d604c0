"""What becomes of the rows that a query finds."""

from __future__ import annotations

import pytest

from pgwright.sqltext import condenses, ends_early, is_count


@pytest.mark.parametrize(
    "text",
    [
        "SELECT a FROM t LIMIT $1",
        "(SELECT a FROM t) UNION ALL (SELECT a FROM u) LIMIT 5",
        "SELECT * FROM (SELECT * FROM t ORDER BY a LIMIT $1) AS page LEFT JOIN u ON u.t_id = page.id",
        "SELECT a, count(*) FROM t GROUP BY a",
        "SELECT max(a) FROM t",
    ],
)
def test_a_limit_anywhere_or_groups_end_it(text: str) -> None:
    assert ends_early(text)


def test_an_aggregate_of_a_subquery_ends_nothing() -> None:
    assert not ends_early("SELECT a, (SELECT count(*) FROM u WHERE u.t_id = t.id) FROM t")


@pytest.mark.parametrize(
    "text",
    [
        "SELECT DISTINCT a FROM t",
        "SELECT a, row_number() OVER (ORDER BY a) FROM t",
        "SELECT a FROM t UNION SELECT a FROM u",
        "SELECT a FROM t WHERE a = (SELECT max(a) FROM t)",
    ],
)
def test_rows_become_fewer(text: str) -> None:
    assert condenses(text)


def test_rows_of_a_union_all_stay() -> None:
    assert not condenses("SELECT a FROM t UNION ALL SELECT lower(a) FROM u")


@pytest.mark.parametrize("text", ["SELECT count(id)::int AS n FROM t", "SELECT count(*) FROM (SELECT 1 FROM t) AS s"])
def test_a_count_is_one_number(text: str) -> None:
    assert is_count(text)


@pytest.mark.parametrize(
    "text",
    ["SELECT count(*) OVER () FROM t", "SELECT count(*), sum(a) FROM t", "UPDATE t SET a = 1", "SELECT max(a) FROM t"],
)
def test_other_numbers_are_no_count(text: str) -> None:
    assert not is_count(text)
