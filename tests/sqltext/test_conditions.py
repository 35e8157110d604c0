"""What is compared with what, and below which OR."""

from pgwright.sqltext import ColumnUse, Condition, Distance, Join, SortKey
from tests.support.statements import T, U, a, b, block


def test_conditions_joins_and_order_are_told_apart() -> None:
    found = block(
        "SELECT t.* FROM t JOIN u ON t.u_id = u.id WHERE a = $1 AND t.deleted_at IS NULL AND $2 < b "
        "ORDER BY b DESC NULLS LAST LIMIT $3 OFFSET 100"
    )
    assert found.conditions == (
        Condition(ColumnUse(T, "a"), "=", parameter=1),
        Condition(ColumnUse(T, "deleted_at"), "is null"),
        Condition(ColumnUse(T, "b"), "range", parameter=2),
    )
    assert found.joins == (Join(ColumnUse(T, "u_id"), ColumnUse(U, "id")),)
    assert found.order_by == (SortKey(ColumnUse(T, "b"), is_descending=True, nulls_first=False),)
    assert found.reads_all_of == {T}
    assert (found.has_limit, found.has_offset, found.offset) == (True, True, 100)


def test_what_every_branch_of_an_or_has_is_a_conjunct() -> None:
    found = block(
        "SELECT 1 FROM t, u WHERE (t.id = u.id AND a = 1 AND b IN (2)) OR (u.id = t.id AND t.id = u.id AND b = 3)"
    )
    assert found.joins == (Join(a("id"), b("id")),)
    assert found.branches == (
        (Condition(a("a"), "=", "1"), Condition(a("b"), "in")),
        (Condition(a("b"), "=", "3"),),
    )
    assert found.conditions == ()


def test_other_operators_keep_their_symbol_with_the_column_on_the_left() -> None:
    found = block("SELECT 1 FROM t WHERE $1 <@ a AND b ILIKE $2 AND $3 = ANY (t.id) ORDER BY a <-> $4 LIMIT 3")
    assert [(c.column.column, c.operator, c.symbol) for c in found.conditions] == [
        ("a", "other", "@>"),
        ("b", "other", "~~*"),
        ("id", "other", "= any"),
    ]
    assert found.distances == (Distance(a("a"), "<->"),)


def test_rows_are_compared_column_by_column() -> None:
    found = block("SELECT 1 FROM t WHERE (a, b) IN ((1, 2), (3, 4)) AND (t.id, u_id) > ($1, $2)")
    assert found.conditions == (Condition(a("a"), "in"), Condition(a("b"), "in"))
    assert found.lookups == (Condition(a("id"), "range"), Condition(a("u_id"), "range"))
    assert (found.expressions, found.clauses) == ((), ())
