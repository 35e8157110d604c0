"""Values for parameters find few rows: an empty document, array, range or pattern would make any index useless."""

from __future__ import annotations

import json

import pytest

from pgwright.embedded import EmbeddedServer
from pgwright.model.snapshot import Snapshot
from pgwright.snapshot import read_snapshot
from pgwright.sqltext import Schema, read_shape
from pgwright.twin.twin import open_twin
from pgwright.workload.parameters import value_cases
from tests.support.builders import make_statement
from tests.support.database import Database

SCHEMA = """
CREATE EXTENSION hstore; CREATE EXTENSION pg_trgm; CREATE EXTENSION citext;
CREATE TABLE doc (id int PRIMARY KEY, tags jsonb, body jsonb, labels text[], numbers int[], extra hstore,
    title text, code citext, during int4range, words tsvector, address inet, state text, nested jsonb, wide jsonb);
INSERT INTO doc SELECT i,
    CASE WHEN i % 3 = 0 THEN '[]' ELSE jsonb_build_array('t' || i % 300, 'u' || i % 7) END,
    CASE WHEN i % 3 = 0 THEN '{}'
        ELSE jsonb_build_object('kind', 'k' || i % 3, 'ref', 'r' || i, 'more', '{}'::jsonb) END,
    CASE WHEN i % 3 = 0 THEN '{}'::text[] ELSE ARRAY['a' || i % 500, 'b, "' || i % 9] END,
    CASE WHEN i % 3 = 0 THEN '{}'::int[] ELSE ARRAY[i % 500] END, hstore('k' || i % 20, 'v' || i),
    CASE WHEN i % 2 = 0 THEN '' ELSE 'title of ' || i END, 'C' || i, int4range(i, i + 3),
    to_tsvector('english', 'word' || i % 900), ('10.0.' || i % 250 || '.7')::inet,
    CASE WHEN i % 4 = 0 THEN 'new' ELSE '' END,
    jsonb_build_array(jsonb_build_object('a', i)), jsonb_build_object('x', repeat('y' || i, 400))
FROM generate_series(1, 6000) i;
CREATE INDEX ON doc USING gin (tags jsonb_path_ops); CREATE INDEX ON doc USING gin (body jsonb_path_ops);
CREATE INDEX ON doc USING gin (tags); CREATE INDEX ON doc USING gin (body); CREATE INDEX ON doc USING gin (labels);
CREATE INDEX ON doc USING gin (numbers); CREATE INDEX ON doc USING gin (extra); CREATE INDEX ON doc USING gin (words);
CREATE INDEX ON doc USING gin (title gin_trgm_ops); CREATE INDEX ON doc USING gist (during);
CREATE INDEX ON doc USING gist (address inet_ops); CREATE INDEX ON doc (title text_pattern_ops);
CREATE INDEX ON doc (title); CREATE INDEX ON doc USING gin (nested jsonb_path_ops);
CREATE INDEX ON doc USING gin (wide jsonb_path_ops);
VACUUM ANALYZE doc;
"""
SEARCHES = [
    "tags @> $1", "tags ? $1", "tags ?| $1", "tags @? $1", "tags @@ $1", "body @> $1", "body ? $1 AND body @> $2",
    "body @? $1", "body @@ $1", "nested @> $1", "wide @> $1", "labels @> $1", "labels && $1", "$1 = ANY (labels)",
    "labels = $1", "numbers @> $1", "numbers && $1", "extra @> $1", "extra ? $1 AND extra @> $2", "title LIKE $1",
    "title ILIKE $1", "title ILIKE $1 || $2 || $3", "title LIKE '%' || $1 || '%'", "title LIKE $1 || '%'",
    "title ~ $1", "title ~* $1", "title = $1", "title IN ($1, $2)", "title = ANY ($1)",
    "during @> $1", "during @> $1::int", "during && $1", "words @@ $1", "address << $1", "address <<= $1",
]  # fmt: skip
_NOT_BY_INDEX = {"$1 = ANY (labels)", "labels = $1"}


@pytest.fixture(scope="module")
def snapshot(server: EmbeddedServer) -> Snapshot:
    server.create_database("selecting", template="template1")
    database = Database(server, "selecting")
    database.execute(SCHEMA)
    return read_snapshot(database.dsn)


@pytest.mark.parametrize("search", SEARCHES)
def test_the_values_chosen_find_few_rows_by_the_index_made_for_it(
    snapshot: Snapshot, twin_server: EmbeddedServer, search: str
) -> None:
    statement = make_statement(f"SELECT * FROM doc WHERE {search}")
    cases = value_cases(statement, read_shape(statement.text, Schema.of(snapshot)), snapshot)
    with open_twin(snapshot, twin_server) as twin:
        plans = [twin.explain(statement.text, case.values) for case in cases]
    for plan, case in zip(plans, cases, strict=True):
        assert plan.row_estimate < 1500, (plan, case)
        assert plan.indexes or search in _NOT_BY_INDEX, (plan, case)


def test_an_array_of_documents_is_searched_by_an_element(snapshot: Snapshot) -> None:
    statement = make_statement("SELECT * FROM doc WHERE tags @> $1")
    (case,) = value_cases(statement, read_shape(statement.text, Schema.of(snapshot)), snapshot)
    assert case.values is not None
    (element,) = json.loads(case.values[0] or "")
    assert element[0] in "tu"


def test_an_empty_value_is_chosen_only_where_there_is_no_other(snapshot: Snapshot) -> None:
    statement = make_statement("SELECT * FROM doc WHERE state = $1")
    cases = value_cases(statement, read_shape(statement.text, Schema.of(snapshot)), snapshot)
    assert [case.values for case in cases] == [("new",)]
