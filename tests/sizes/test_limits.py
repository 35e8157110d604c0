"""An index is proposed only where no row can be too large for it; here PostgreSQL is the judge."""

from __future__ import annotations

from dataclasses import replace

import psycopg
import pytest

from pgwright.model.index import IndexDefinition, IndexKey
from pgwright.model.names import QualifiedName
from pgwright.model.snapshot import Snapshot
from pgwright.sizes.limits import takes_every_row
from pgwright.snapshot import read_snapshot
from tests.support.database import Database

T = QualifiedName("public", "t")
SCHEMA = """
CREATE EXTENSION hstore; CREATE EXTENSION pg_trgm; CREATE EXTENSION btree_gist;
CREATE FUNCTION wide(n int) RETURNS text RETURN
    (SELECT string_agg(md5(n::text || i), '') FROM generate_series(1, 40) i);
CREATE TYPE state AS ENUM ('new', 'done'); CREATE DOMAIN label AS text;
CREATE TABLE t (id int PRIMARY KEY, email text, body text, note text, short varchar(100), long varchar(2000),
    slug label, raw bytea, payload jsonb, tags text[], numbers int[], labels varchar(20)[], extra hstore, st state,
    amount numeric, at timestamptz, code text, during tsrange, huge text UNIQUE);
INSERT INTO t SELECT i, 'user' || i || '@example.org', repeat('word ' || i, 1 + i % 97),
    CASE WHEN i % 200 = 0 THEN wide(i) ELSE 'n' || i END, 's' || i, 'l' || i, 'slug-' || i,
    decode(md5(i::text), 'hex') || decode(repeat('ab', i % 900), 'hex'),
    jsonb_build_object('kind', 'k' || i % 30, 'body', repeat('b' || i, 1 + i % 200)), ARRAY['t' || i % 9, 'u' || i % 7],
    ARRAY[i], ARRAY['l' || i % 9], hstore('a', wide(i)), 'new', i, now(), NULL,
    tsrange(timestamp '2020-01-01' + i * interval '1 hour', '2030-01-01'), md5(i::text)
FROM generate_series(1, 5000) i;
VACUUM ANALYZE t;
"""


@pytest.fixture
def snapshot(database: Database) -> Snapshot:
    database.execute(SCHEMA)
    return read_snapshot(database.dsn, with_schema=False)


def index(
    *keys: str, include: tuple[str, ...] = (), method: str = "btree", predicate: str | None = None
) -> IndexDefinition:
    whole = tuple(IndexKey(None, key) if "(" in key or "-" in key or ":" in key else IndexKey(key) for key in keys)
    return IndexDefinition("ix", T, whole, include=include, method=method, predicate=predicate)


def test_what_is_narrow_is_proved_by_type_by_statistics_or_by_an_index(snapshot: Snapshot) -> None:
    narrow = (
        index("id", "at", "amount", "st"),
        index("email"),
        index("email", include=("short", "slug")),
        index("id", include=("email",), predicate="body IS NULL"),
        index("huge"),
        index("lower(email)"),
        index("md5(body)"),
        index("length(body)"),
        index("substr(body, 1, 20)"),
        index("(payload ->> 'kind')"),
        index("((payload ->> 'body'))::int"),
        index("during", method="gist"),
    )
    assert [one.outline for one in narrow if not takes_every_row(one, snapshot)] == []


def test_what_may_be_wide_is_not(snapshot: Snapshot) -> None:
    wide = (
        index("body"),
        index("id", include=("body",)),
        index("note"),
        index("raw"),
        index("id", include=("payload",)),
        index("id", include=("tags",)),
        index("lower(body)"),
        index("(payload ->> 'body')"),
        index("body", method="brin"),
        index("code"),
        index("extra", method="gin"),
        index("id", "body", method="gist"),
    )
    assert [one.outline for one in wide if takes_every_row(one, snapshot)] == []


def test_other_kinds_take_what_a_b_tree_does_not(snapshot: Snapshot) -> None:
    assert takes_every_row(index("body", method="hash"), snapshot)
    for column in ("tags", "numbers", "labels", "payload"):
        assert takes_every_row(index(column, method="gin"), snapshot)


def test_arrays_with_wide_elements_that_are_rare_get_no_gin(database: Database) -> None:
    database.execute("CREATE TABLE t (tags text[])")
    element = "(SELECT string_agg(md5(random()::text || i), '') FROM generate_series(1, 1 + n % 4 / 3 * (n % 60)) i)"
    rows = "generate_series(1, 8000) n; ANALYZE"
    database.execute(f"INSERT INTO t SELECT ARRAY[{element}, 'tag' || n % 500] FROM {rows}")
    wide = read_snapshot(database.dsn, with_schema=False)
    assert not takes_every_row(index("tags", method="gin"), wide)
    database.execute(f"TRUNCATE t; INSERT INTO t SELECT ARRAY['tag' || n % 500, 'x', 'label' || n % 30] FROM {rows}")
    assert takes_every_row(index("tags", method="gin"), read_snapshot(database.dsn, with_schema=False))


def test_without_statistics_only_a_type_proves_anything(snapshot: Snapshot) -> None:
    bare = replace(snapshot, statistics=())
    assert takes_every_row(index("id", "short", "at"), bare)
    assert not takes_every_row(index("email"), bare)
    assert takes_every_row(index("huge"), bare), "an index holds it already"


WIDE_ROW = """
INSERT INTO t SELECT 900000, 'e', string_agg(md5(i::text), ''), string_agg(md5(i::text), ''), 's',
    'l', 's', decode(string_agg(md5(i::text), ''), 'hex'), jsonb_build_object('body', string_agg(md5(i::text), '')),
    array_agg(md5(i::text)), NULL, NULL, NULL, 'new', 1, now(), string_agg(md5(i::text), ''), NULL, 'h'
FROM generate_series(1, 300) i
"""


@pytest.mark.parametrize(
    ("definition", "is_refused"),
    [
        (index("body"), True),
        (index("id", include=("body",)), True),
        (index("raw"), True),
        (index("lower(body)"), True),
        (index("body", method="brin"), True),
        (index("body", method="hash"), False),
        (index("tags", method="gin"), False),
        (index("md5(body)"), False),
        (index("payload", method="gin"), False),
    ],
    ids=lambda value: value.outline if isinstance(value, IndexDefinition) else "",
)
def test_postgresql_refuses_the_row_that_we_fear(
    database: Database, definition: IndexDefinition, is_refused: bool
) -> None:
    database.execute(SCHEMA)
    database.execute("ALTER TABLE t ALTER body SET STORAGE EXTERNAL; DELETE FROM t WHERE length(body) > 900")
    database.execute(definition.sql())
    if is_refused:
        with pytest.raises(psycopg.errors.ProgramLimitExceeded):
            database.execute(WIDE_ROW)
    else:
        database.execute(WIDE_ROW)
