"""The variables of a function as parameters of a statement."""

from __future__ import annotations

import pytest

from pgwright.workload.variables import as_parameter


@pytest.mark.parametrize(
    ("text", "refusal", "expected"),
    [
        ("SELECT 1 FROM t WHERE a = c OR b = c", 'column "c" does not exist', "SELECT 1 FROM t WHERE a = $1 OR b = $1"),
        ("SELECT 'ä', \"É\" FROM t", 'column "É" does not exist', "SELECT 'ä', $1 FROM t"),
        ("SELECT t.c FROM t WHERE c = $3", 'column "c" does not exist', "SELECT t.c FROM t WHERE $4 = $3"),
        (
            "SELECT (SELECT 1 FROM u WHERE u.a = V_ID LIMIT 1)",
            'column "v_id" does not exist',
            "SELECT (SELECT 1 FROM u WHERE u.a = $1 LIMIT 1)",
        ),
        (
            "UPDATE t SET a = NEW . a WHERE id = new.id AND b = OLD.b",
            'missing FROM-clause entry for table "new"',
            "UPDATE t SET a = $1 WHERE id = $2 AND b = OLD.b",
        ),
        ("SELECT 1 FROM t WHERE a = c", 'column "d" does not exist', None),
        ("SELECT 1 FROM t", 'relation "t" does not exist', None),
    ],
)
def test_the_name_that_is_not_known_becomes_a_parameter(text: str, refusal: str, expected: str | None) -> None:
    assert as_parameter(text, refusal) == expected
