"""SQL without hidden characters says the same to a server."""

from __future__ import annotations

import pytest

from pgwright.model.names import quote, quote_literal
from pgwright.sqltext.hidden import visible_sql
from pgwright.visible import HIDDEN
from tests.support.database import Database

MARKS = "".join(map(chr, (0x1B, 0x0D, 0x85, 0xA0, 0x200B, 0x202E, 0x2066, 0x2028, 0xFEFF, 0xE0041, 0x3164)))
HARD = ("x" + MARKS, MARKS + '"\\', "'\\" + MARKS + "''", "\\u0041" + MARKS, "$block$" + MARKS)


@pytest.mark.parametrize("value", HARD)
@pytest.mark.parametrize("setting", ["on", "off"])
def test_names_and_texts_stay_exact(database: Database, value: str, setting: str) -> None:
    statements = {
        f"SELECT {quote_literal(value)}": value,
        f"SELECT{quote_literal(value)}": value,
        f"SELECT typname::text FROM (SELECT 1 AS {quote(value[:15])}) t JOIN pg_type ON typname = 'int4'": "int4",
        f"WITH t AS (SELECT 1 AS {quote(value[:15])}) SELECT key FROM t, json_each(row_to_json(t))": value[:15],
    }
    for sql, expected in statements.items():
        if "'" in sql and setting == "off" and " E'" not in sql and "\\" in sql:
            continue
        shown = visible_sql(sql)
        assert not HIDDEN.search(shown)
        assert database.rows_in_one_session(f"SET standard_conforming_strings = {setting}", shown) == [(expected,)]


def test_inside_of_blocks_and_comments_and_without_quotes(database: Database) -> None:
    name = "t\u202e"
    database.execute(f'CREATE TABLE "{name}" (id int)')
    block = f"DO $block$ BEGIN -- {MARKS}\n  EXECUTE 'INSERT INTO \"{name}\" VALUES (1)'; END $block$"
    shown = visible_sql(block)
    assert not HIDDEN.search(shown)
    database.execute(shown)
    assert database.rows(visible_sql(f"SELECT\r\n id FROM {name.upper().replace('T', 'T')} /* {MARKS} */")) == [(1,)]


def test_what_holds_nothing_hidden_stays() -> None:
    sql = "SELECT 'é', \"日本\", E'\\u202e', $$x$$ -- →"
    assert visible_sql(sql) == sql
