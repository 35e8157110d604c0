"""Expressions and clauses as CREATE INDEX takes them."""

from pgwright.sqltext import Clause, Condition, Expression
from tests.support.statements import T, U, a, block


def test_expressions_stand_with_bare_names() -> None:
    found = block(
        'SELECT 1 FROM t x WHERE lower(x."Odd Name") = $1 AND x.deleted_at::date = $2 AND x.a + x.b > x.id '
        "AND now() > x.deleted_at + interval '1 day' AND coalesce(a, $3) = 1 ORDER BY upper(b)"
    )
    assert found.expressions == (
        Expression(T, 'lower("Odd Name")', ("Odd Name",), "condition", "="),
        Expression(T, "CAST(deleted_at AS date)", ("deleted_at",), "condition", "=", cast_to="date"),
        Expression(T, "deleted_at + CAST('1 day' AS interval)", ("deleted_at",), "condition", "range"),
        Expression(T, "upper(b)", ("b",), "order"),
    )
    assert found.conditions == (Condition(a("deleted_at"), "=", parameter=2),)


def test_clauses_hold_constants_only_and_know_what_they_alone_read() -> None:
    found = block(
        "SELECT a FROM t JOIN u ON u.id = t.u_id WHERE t.a < t.b AND deleted_at IS NULL AND t.id > $1 "
        "AND email IN ('x', 'y') AND deleted_at < now()"
    )
    assert found.clauses == (
        Clause(T, "a < b", ("a", "b"), ("b",)),
        Clause(T, "deleted_at IS NULL", ("deleted_at",), ()),
        Clause(U, "email IN ('x', 'y')", ("email",), ("email",)),
    )
