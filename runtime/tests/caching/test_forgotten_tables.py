"""A value is not kept that was computed from a table which its function does not name."""

from __future__ import annotations

import warnings
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from pgwright_runtime.caching import CacheWarning
from pgwright_runtime.caching.tables_read import tables_read
from runtime.tests.support.cached_shop import Item, Shelf, Shop, run


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("SELECT 1", ""),
        ("SELECT n FROM item", "item"),
        ('SELECT "Item".n FROM shop."Item"', "Item"),
        ("select a.n from ONLY item a, lateral (select * from tag t where t.n = a.n) x, own", "item own tag"),
        ("SELECT * FROM item JOIN tag ON item.id = tag.id LEFT OUTER JOIN LATERAL (VALUES (1)) v ON true", "item tag"),
        ("SELECT * FROM item JOIN tag USING (id), own WHERE id IN (SELECT id FROM third)", "item own tag third"),
        ("SELECT * FROM (item CROSS JOIN tag) ORDER BY 1, n LIMIT 1", "item tag"),
        ("SELECT (SELECT max(n) FROM tag), n FROM item GROUP BY n, id HAVING true", "item tag"),
        ("SELECT n FROM item UNION ALL (SELECT n FROM tag) EXCEPT SELECT n FROM own", "item own tag"),
        ("WITH own AS MATERIALIZED (SELECT n FROM item), two (n) AS (SELECT n FROM own) SELECT n FROM two", "item"),
        ("WITH RECURSIVE r AS (SELECT 1 UNION SELECT n FROM r, item) SELECT * FROM r", "item"),
        (
            "SELECT extract(epoch FROM at), substring(a FROM 2), trim(both FROM a), a IS DISTINCT FROM b FROM item",
            "item",
        ),
        ("SELECT * FROM generate_series(1, 2) g, item, unnest(ARRAY[1]) WITH ORDINALITY", "item"),
        ("SELECT * FROM pg_catalog.pg_class, pg_class, information_schema.tables", ""),
        ("SELECT n FROM item FOR UPDATE OF item, tag", "item"),
        ("SELECT n FROM item -- FROM tag\n WHERE a = 'FROM own' /* JOIN x */", "item"),
        ("SELECT count(*) FILTER (WHERE x) FROM item, tag AS t (a, b)", "item tag"),
        ("INSERT INTO own SELECT n FROM item", "item"),
        ("SELECT (", ""),
    ],
)
def test_the_tables_of_a_query_are_those_of_its_from_clauses(query: str, names: str) -> None:
    assert tables_read(query) == frozenset(names.split())


@pytest.fixture(autouse=True)
async def _all_warnings() -> AsyncIterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        yield


async def test_a_table_that_was_forgotten_is_told_and_nothing_is_kept(shop: Shop) -> None:
    async def both() -> int:
        async with shop.session() as session:
            await run(session, lambda own: own.get(Item, 1))
            return len((await run(session, lambda own: own.execute(text("SELECT id FROM other o")))).all())

    function = shop.cached(both, reads=[Item])
    with pytest.warns(CacheWarning, match="name in its reads what it reads besides: other"):
        assert await function() == await function()
    assert len(shop.computed) == 2
    (counts,) = (one for name, one in shop.cache.metrics.all().items() if one.bypasses["reads another table"])
    assert counts.bypasses["reads another table"] == 2


async def test_a_view_of_what_is_named_is_not_told(shop: Shop) -> None:
    await shop.unit(lambda own: own.execute(text("CREATE VIEW shown AS SELECT n FROM item")))
    await shop.unit(lambda own: own.execute(text("CREATE VIEW twice AS SELECT n FROM shown")))

    async def seen() -> int:
        async with shop.session() as session:
            return len((await run(session, lambda own: own.execute(text("SELECT n FROM twice")))).all())

    function = shop.cached(seen, reads=[Item])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert await function() == await function()
    assert len(shop.computed) == 1


async def test_a_table_whose_changes_are_heard_is_not_told(shop: Shop) -> None:
    async def shelves() -> int:
        async with shop.session() as session:
            return len((await run(session, lambda own: own.execute(text("SELECT id FROM shelf")))).all())

    # What is deleted from shelf sets item to NULL, or goes on to it.
    function = shop.cached(shelves, reads=[Item])
    assert await function() == await function()
    assert len(shop.computed) == 1
    await shop.unit(lambda own: own.add(Shelf(id=2)))
    assert await function() == 2
