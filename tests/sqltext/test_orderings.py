"""What is sorted, grouped and made distinct by."""

import pytest

from tests.support.statements import block


@pytest.mark.parametrize(
    ("text", "columns", "purpose"),
    [
        ("SELECT 1 FROM t ORDER BY a, lower(b)", ["a"], "order"),
        ("SELECT a, b FROM t GROUP BY 2, a", ["b", "a"], "group"),
        ("SELECT a, sum(b) FROM t GROUP BY ROLLUP (a)", ["a"], "group"),
        ("SELECT DISTINCT a, b FROM t", ["a", "b"], "distinct"),
        ("SELECT DISTINCT ON (b) a FROM t", ["b"], "distinct"),
        ("SELECT rank() OVER (PARTITION BY a ORDER BY b) FROM t", ["a", "b"], "window"),
        ("SELECT rank() OVER w FROM t WINDOW w AS (PARTITION BY b)", ["b"], "window"),
        ("SELECT max(a) FROM t", ["a"], "extreme"),
    ],
)
def test_what_is_sorted_by(text: str, columns: list[str], purpose: str) -> None:
    found = block(text)
    assert [(o.purpose, [k.column.column for k in o.keys]) for o in found.orderings] == [(purpose, columns)]
    assert found.order_by == ()
