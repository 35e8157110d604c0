"""What may raise an error for a row; PostgreSQL is the judge of what is said to be safe."""

from __future__ import annotations

import psycopg
import pytest

from pgwright.indexes.raising import may_raise, raising
from pgwright.model.index import IndexDefinition, IndexKey
from pgwright.snapshot import read_snapshot
from tests.support.builders import make_table, qualified
from tests.support.database import Database

COLUMNS = (
    "id int4, val text, code varchar(20), n int4, big int8, x float8, amount numeric, at timestamp, due date, "
    "payload jsonb, tags _text, during int4range"
)
T = make_table("t", COLUMNS, rows=1)
SAFE = (
    "lower(val)", "upper(btrim(code))", "length(val)", "coalesce(val, code)", "coalesce(n, 0)", "n::bigint",
    "n::numeric", "val::varchar(3)", "payload ->> 'kind'", "(payload -> 'a') ->> 'b'", "payload #>> '{a,b}'",
    "date_trunc('day', at)", "at::date", "extract(year FROM at)", "substring(val FROM 1 FOR 4)", "left(val, 3)",
    "n % 7", "n / 10", "val || '-' || code", "to_tsvector('english', coalesce(val, ''))", "lower(during)",
    "lower(val) COLLATE \"C\"", "n > 5 AND val <> 'x' OR due IS NULL", "code IN ('a', 'b')", "md5(val)",
    "floor(x)", "val LIKE 'a%'", "cardinality(tags)", "split_part(val, '@', 1)", "big BETWEEN 1 AND 5",
)  # fmt: skip
RAISING = (
    "CAST(val AS integer)", "val::uuid", "val::date", "val::jsonb", "code::numeric", "(payload ->> 'n')::int",
    "sqrt(x)", "ln(x)", "1 / n", "n % id", "n * 2", "n + big", "x * x", "-n", "abs(n)", "big::int", "x::int",
    "amount::numeric(5,2)", "int4range(n, id)", "norm(val)", "app.lower(val)", "jsonb_array_length(payload)",
    "decode(val, 'hex')", "chr(n)", "substring(val FROM 1 FOR n)", "code LIKE val", "val ~ code", "lower(missing)",
    "val::int > 5", "lower(val), n", "coalesce(n, val::int)", "((", "factorial(n)", "to_number(val, '9')",
)  # fmt: skip
ODD_ROWS = """
INSERT INTO t VALUES
(-2147483648, 'hello', '', -2147483648, -9223372036854775808, '-Infinity', 'NaN', '-infinity', 'infinity', '[1]', '{}',
    'empty'),
(2147483647, '%\\', 'x''', 2147483647, 9223372036854775807, 'Infinity', 1e300, 'infinity', '-infinity', 'null',
    '{NULL}', '(,)'),
(0, '', '*', 0, 0, 'NaN', 0, '294276-12-31', '5874897-12-31', '{"kind": {}, "a": 5}', '{a}', '[1,5)'),
(NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)
"""


@pytest.mark.parametrize("expression", SAFE)
def test_what_is_safe_is_told(expression: str) -> None:
    assert not may_raise(expression, T)


@pytest.mark.parametrize("expression", RAISING)
def test_what_may_raise_is_told(expression: str) -> None:
    assert may_raise(expression, T)


def test_postgresql_takes_odd_rows_with_indexes_on_all_that_is_safe(database: Database) -> None:
    database.execute(f"CREATE TABLE t ({COLUMNS})")
    for expression in SAFE:
        method = "GIN" if "tsvector" in expression else "BTREE"
        database.execute(f"CREATE INDEX ON t USING {method} (({expression}))")
    database.execute(ODD_ROWS)
    with pytest.raises(psycopg.Error):
        database.execute("CREATE INDEX ON t ((val::int))")
    table = read_snapshot(database.dsn, with_schema=False).table_by_name[qualified("t")]
    assert not any(may_raise(expression, table) for expression in SAFE)


def test_a_predicate_is_computed_for_every_row_too() -> None:
    index = IndexDefinition("ix", T.name, (IndexKey("n"),), predicate="val::int > 5")
    assert raising(index, T) == "val::int > 5"
