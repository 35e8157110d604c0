"""The keys that a text gives or returns, or none: what is in doubt may write any row."""

from __future__ import annotations

import pytest

from pgwright_runtime.caching.keys import KeyColumn
from pgwright_runtime.caching.reading import columns_of_row
from pgwright_runtime.caching.written_rows import MOST_KEYS, KeySource, read_keys

GIVEN = {
    "UPDATE item SET n = 1, d = now() WHERE item.id = $2::BIGINT AND (a OR b)": ("$2",),
    "UPDATE ONLY shop.item SET n = $1 WHERE n = 1 AND shop.item.id = %(item_id)s::UUID RETURNING n": ("%(item_id)s",),
    'update "item" set n = $1 where "id" = 7;': ("7",),
    "DELETE FROM item WHERE id IN ($1, $2::INTEGER, 3)": ("$1", "$2", "3"),
    "INSERT INTO item (n, id) VALUES (f(1, 2), $1), (ARRAY[1, 2], $2)": ("$1", "$2"),
    "INSERT INTO item (id) VALUES ($1) ON CONFLICT DO NOTHING": ("$1",),
    "INSERT INTO item (id) VALUES ($1) ON CONFLICT ON CONSTRAINT x DO NOTHING": ("$1",),
    "INSERT INTO item (id, n) VALUES ($1, 2) ON CONFLICT (id) DO UPDATE SET n = excluded.n WHERE item.n > 1": ("$1",),
    "INSERT INTO item (id, at) VALUES ($1, $2::TIMESTAMP WITH TIME ZONE)": ("$1",),
    "UPDATE item SET n = 1 WHERE id = $1 AND n IN (SELECT x FROM y WHERE a OR b FOR UPDATE)": ("$1",),
}
RETURNED = {
    "INSERT INTO item (n) VALUES (1) RETURNING n, item.id": 1,
    "INSERT INTO item DEFAULT VALUES RETURNING id AS made": 0,
    "INSERT INTO item (id) VALUES (nextval('x')) RETURNING id": 0,
    "INSERT INTO item (n) SELECT a FROM (VALUES ($1, 0)) AS x (a, b) ORDER BY b RETURNING item.id, item.id AS id__1": 0,
    "INSERT INTO item (id, n) VALUES ($1, 2) ON CONFLICT (n) DO UPDATE SET at = now() RETURNING id": 0,
    "UPDATE item SET n = 1 RETURNING id": 0,
    "UPDATE item SET n = other.n FROM other WHERE item.id = other.id RETURNING item.id": 0,
    "DELETE FROM item USING other WHERE item.id = $1 RETURNING item.id": 0,
}
ANY = (
    "UPDATE item SET n = 1",
    "UPDATE item SET id = 2 WHERE id = 1",
    'UPDATE item SET n = 1, "id" = 2 WHERE id = 1 RETURNING id',
    "UPDATE item SET (n, id) = (1, 2) WHERE id = 1",
    "UPDATE item SET n = a IS DISTINCT FROM b, id = 2 WHERE id = 1 RETURNING id",
    'UPDATE item SET U&"\\0069d" = 2 WHERE id = 1',
    "UPDATE item SET U&\"!0069d\" UESCAPE '!' = 2 WHERE id = 1",
    "UPDATE item SET n = 1 WHERE id = 1 OR n = 2",
    "UPDATE item SET n = 1 WHERE id = 1 AND n = 2 OR n = 3 AND id = 4",
    "UPDATE item SET n = 1 WHERE n BETWEEN 1 AND id = 1",
    "UPDATE item SET n = 1 WHERE CASE WHEN a AND id = 1 AND b THEN true END",
    "UPDATE item SET n = 1 WHERE NOT id = 1",
    "UPDATE item SET n = 1 WHERE id = 1 IS NOT TRUE",
    "UPDATE item SET n = 1 WHERE id = 1 + 1",
    "UPDATE item SET n = 1 WHERE id = -1",
    "UPDATE item SET n = 1 WHERE id = 1.5",
    "UPDATE item SET n = 1 WHERE id = 1_0",
    "UPDATE item SET n = 1 WHERE id = '1'",
    "UPDATE item SET n = 1 WHERE id = $1::TEXT",
    "UPDATE item SET n = 1 WHERE id = $1::INTEGER[]",
    "UPDATE item SET n = 1 WHERE id <= 1",
    "UPDATE item SET n = 1 WHERE id NOT IN (1)",
    "UPDATE item SET n = 1 WHERE id IN (SELECT 1)",
    "UPDATE item SET n = 1 WHERE id IN (1, n)",
    "UPDATE item SET n = 1 WHERE other.id = 1",
    "UPDATE item SET n = 1 WHERE (a).id = 1",
    "UPDATE item SET n = 1 WHERE uid = 1",
    "UPDATE item AS other SET n = 1 WHERE id = 1",
    "UPDATE item SET n = 1 FROM other AS x WHERE id = 1",
    "UPDATE item SET n = 1 FROM other WHERE item.id = 1",
    "UPDATE item SET n = 1 WHERE a = 'it\\' OR n = ' AND id = 1",
    "UPDATE items SET n = 1 WHERE id = 1",
    "UPDATE item SET n = 1 WHERE id = 1; UPDATE item SET n = 1",
    "UPDATE item SET n = 1 WHERE (id = 1",
    "UPDATE item SET n = 1 RETURNING *, id",
    "UPDATE item SET n = 1 RETURNING id + 1",
    "UPDATE item SET n = 1 RETURNING (id, n)",
    "UPDATE item SET n = 1 RETURNING old.id",
    "UPDATE item SET n = 1 WHERE CURRENT OF c",
    "DELETE FROM item",
    "DELETE FROM item AS x WHERE id = 1",
    "WITH x AS (DELETE FROM item) UPDATE item SET n = 1 WHERE id = 1",
    "INSERT INTO item (n) WITH x AS (DELETE FROM item RETURNING n) SELECT n FROM x RETURNING id",
    "INSERT INTO item VALUES (1)",
    "INSERT INTO item (n) VALUES (1)",
    "INSERT INTO item (id, n) VALUES (1, 2), (nextval('x'), 2)",
    "INSERT INTO item (id, n) OVERRIDING USER VALUE VALUES (1, 2)",
    "INSERT INTO item (id, n) VALUES (1, 2) UNION SELECT 2, 3",
    "INSERT INTO item (id, n) VALUES (1, 2) ON CONFLICT (n) DO UPDATE SET at = now()",
    "INSERT INTO item (id, n) VALUES (1, 2) ON CONFLICT ON CONSTRAINT x DO UPDATE SET at = now()",
    "INSERT INTO item (id, n) VALUES (1, 2) ON CONFLICT (id) DO UPDATE SET id = 3 RETURNING id",
    "INSERT INTO item (n) SELECT a FROM b JOIN c ON set = 1 ON CONFLICT (n) DO UPDATE SET id = 3 RETURNING id",
    "MERGE INTO item USING x ON true WHEN MATCHED THEN UPDATE SET n = 1",
    "EXPLAIN ANALYZE UPDATE item SET n = 1 WHERE id = 1",
    "TRUNCATE item",
    "SELECT 1",
    "",
)


@pytest.mark.parametrize(("text", "given"), GIVEN.items())
def test_keys_are_given_by_values_and_conditions_that_must_hold(text: str, given: tuple[str, ...]) -> None:
    found = read_keys(text, "item", "id")
    assert found is not None
    assert found.given == given


@pytest.mark.parametrize(("text", "place"), RETURNED.items())
def test_keys_are_returned_by_what_leaves_them(text: str, place: int) -> None:
    assert read_keys(text, "item", "id") == KeySource(None, place)


@pytest.mark.parametrize("text", ANY)
def test_what_is_in_doubt_writes_any_row(text: str) -> None:
    assert read_keys(text, "item", "id") is None


def test_placeholders_are_looked_up_where_the_driver_does() -> None:
    column = KeyColumn("id", is_uuid=False)
    source = KeySource(("$2", "7"), None)
    assert source.keys_given(column, [("x", 5), ("x", 6)]) == frozenset("567")
    assert source.keys_given(column, [("x", 5), ("x", "6")]) is None
    assert source.keys_given(column, [("x",)]) is None
    assert source.keys_given(column, [{"$2": 5}]) is None
    assert source.keys_given(column, [("x", 5)] * (MOST_KEYS // 2 + 1)) is None
    assert KeySource(("%(id)s",), None).keys_given(column, [{"id": 5}]) == frozenset("5")
    assert KeySource(("%(id)s",), None).keys_given(column, [{"other": 5}]) is None
    assert KeySource(("%(id)s",), None).keys_given(column, [(5,)]) is None
    assert source.keys_returned(column, [(5,)]) is None
    assert KeySource(None, 1).keys_returned(column, [("x", 5)]) == frozenset("5")
    assert KeySource(None, 1).keys_returned(column, [("x", None)]) is None


@pytest.mark.parametrize(
    ("body", "columns"),
    [
        ("BEGIN NEW.at := now(); RETURN NEW; END", {"at"}),
        ('BEGIN SELECT 1 INTO "new"."Id"; RETURN new; END', {"Id"}),
        ("BEGIN IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NULL; END", set()),
        ("BEGIN IF NEW.n <> OLD.m THEN RAISE 'no'; END IF; RETURN NEW; END", {"n", "m"}),
        ("BEGIN NEW := OLD; RETURN NEW; END", None),
        ("BEGIN NEW = jsonb_populate_record(NEW, '{}'); RETURN NEW; END", None),
        ("DECLARE x ALIAS FOR NEW; BEGIN x.id := 1; RETURN NEW; END", None),
        ('DECLARE x ALIAS FOR "new"; BEGIN x.id := 1; RETURN NEW; END', None),
        ("DECLARE x item; BEGIN RETURN x; END", None),
        ("BEGIN RETURN (NEW); END", None),
        ("BEGIN SELECT * INTO NEW FROM item; RETURN NEW; END", None),
        ("BEGIN NEW.* := OLD.*; RETURN NEW; END", None),
        ('BEGIN U&"n\\0065w".id := 1; RETURN NEW; END', None),
    ],
)
def test_the_columns_are_known_that_a_trigger_may_change(body: str, columns: set[str] | None) -> None:
    assert columns_of_row(body) == columns
