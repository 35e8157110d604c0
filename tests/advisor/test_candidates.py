"""Candidates of every kind, and that PostgreSQL takes and uses each for the statement that it was made for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from pgwright.advisor.candidates import Proposal, merged, propose
from pgwright.advisor.goal import Goal
from pgwright.embedded import EmbeddedServer
from pgwright.indexes.coverage import is_covered
from pgwright.model.snapshot import Snapshot
from pgwright.snapshot import read_snapshot
from pgwright.sqltext import Schema, read_shape
from pgwright.twin.twin import Twin, open_twin
from tests.support.database import Database

SCHEMA = """
CREATE EXTENSION pg_trgm; CREATE EXTENSION vector; CREATE EXTENSION btree_gist;
CREATE TABLE author (id int PRIMARY KEY, email text, country int);
CREATE TABLE doc (id int PRIMARY KEY, author_id int, status text, title text, body text, at timestamp, payload jsonb,
    tags text[], during int4range, embedding vector(3), half halfvec(3), due date, done date, a int, b int, flag bool,
    seq bigint, filler text, deleted_at timestamp);
CREATE TABLE line (doc_id int, number int, amount int, note text, PRIMARY KEY (doc_id, number));
CREATE TABLE tiny (id int, n int);
INSERT INTO tiny VALUES (1, 1);
INSERT INTO author SELECT i, 'A' || i || '@example.org', i % 50 FROM generate_series(1, 5000) i;
INSERT INTO doc SELECT i, 1 + i * 7919 % 5000, CASE WHEN i % 400 = 0 THEN 'draft' ELSE 'live' END,
    md5(i::text), repeat('word' || i || ' ', 3), timestamp '2020-01-01' + i * interval '1 hour',
    jsonb_build_object('kind', 'k' || i % 3000, 'n', i), ARRAY['t' || i % 2000, 'u' || i % 3000],
    int4range(i, i + 5), ARRAY[i, i % 7, 1]::float4[]::vector, ARRAY[i % 9, i % 7, 1]::float4[]::vector::halfvec,
    date '2020-01-01' + i % 900, date '2020-01-01' + i % 901 + CASE WHEN i % 90 = 0 THEN 9 ELSE -2 END,
    i % 2000, i % 1500, i % 300 = 0, i, repeat('x', 300),
    CASE WHEN i % 90 <> 0 THEN now() END FROM generate_series(1, 30000) i;
INSERT INTO line SELECT 1 + i * 7 % 30000, i, i % 100, repeat('n', 120) FROM generate_series(1, 60000) i;
VACUUM ANALYZE;
"""


@pytest.fixture(scope="module")
def documents(server: EmbeddedServer) -> Iterator[Snapshot]:
    server.create_database("candidates", template="template1")
    database = Database(server, "candidates")
    database.execute(SCHEMA)
    yield read_snapshot(database.dsn)
    server.drop_database("candidates")


@pytest.fixture(scope="module")
def twin(documents: Snapshot, twin_server: EmbeddedServer) -> Iterator[Twin]:
    with open_twin(documents, twin_server) as built:
        yield built


def proposals(snapshot: Snapshot, text: str, goal: Goal | None = None) -> dict[str, Proposal]:
    """Return proposals by what stands behind ON in their definitions."""
    shape = read_shape(text, Schema.of(snapshot))
    made = list(propose(shape, snapshot, (), goal or Goal()))
    return {one.definition.sql().split(" ON ", 1)[1].removeprefix("public."): one for one in made}


UNION = """SELECT * FROM author x, (SELECT author_id AS who, a FROM doc UNION ALL SELECT doc_id, amount FROM line) t
WHERE t.who = x.id AND x.email = 'A7@example.org'"""
USED = [
    ("SELECT id FROM author WHERE lower(email) = 'a7@example.org'", "author ((lower(email)))"),
    ("SELECT * FROM doc WHERE payload->>'kind' = 'k7'", "doc ((payload ->> 'kind'))"),
    ("SELECT * FROM doc WHERE date_trunc('day', at) = '2020-03-01'", "doc ((date_trunc('day', at)))"),
    ("SELECT * FROM doc WHERE at::date = '2020-03-01'", "doc ((CAST(at AS date)))"),
    ("SELECT * FROM doc d WHERE substring(d.title from 1 for 4) IN ('abcd', 'beef')",
     "doc ((substring(title FROM 1 FOR 4)))"),
    ("SELECT * FROM doc WHERE a % 1000 = 14", "doc ((a % 1000))"),
    ("SELECT * FROM doc ORDER BY lower(title) LIMIT 5", "doc ((lower(title)))"),
    ("SELECT * FROM doc WHERE title LIKE '%abcdef%'", "doc USING gin (title gin_trgm_ops)"),
    ("SELECT * FROM doc WHERE title ILIKE '%abcdef%' OR body ~ 'word12345 '", None),
    ("SELECT * FROM doc WHERE lower(title) LIKE '%abcdef%'", "doc USING gin ((lower(title)) gin_trgm_ops)"),
    ("SELECT * FROM doc WHERE payload @> '{\"kind\": \"k7\"}'", "doc USING gin (payload jsonb_path_ops)"),
    ("SELECT * FROM doc WHERE payload ? 'rare'", "doc USING gin (payload)"),
    ("SELECT * FROM doc WHERE tags @> ARRAY['t7']", "doc USING gin (tags)"),
    ("SELECT * FROM doc WHERE ARRAY['t7'] && tags", "doc USING gin (tags)"),
    ("SELECT * FROM doc WHERE to_tsvector('english', body) @@ to_tsquery('english', 'word77')",
     "doc USING gin ((to_tsvector('english', body)))"),
    ("SELECT * FROM doc WHERE seq BETWEEN 500 AND 900", "doc USING brin (seq)"),
    ("SELECT * FROM doc WHERE during && int4range(5, 7)", "doc USING gist (during)"),
    ("SELECT * FROM doc WHERE a = 7 AND during @> 7", "doc USING gist (a, during)"),
    ("SELECT * FROM doc ORDER BY embedding <=> '[1,2,3]' LIMIT 5", "doc USING hnsw (embedding vector_cosine_ops)"),
    ("SELECT * FROM doc ORDER BY half <-> '[1,2,3]' LIMIT 5", "doc USING hnsw (half halfvec_l2_ops)"),
    ("SELECT * FROM doc WHERE status = 'draft' ORDER BY at", "doc (at) WHERE status = 'draft'"),
    ("SELECT author_id FROM doc WHERE flag", "doc (author_id) WHERE flag"),
    ("SELECT id FROM doc WHERE due < done AND deleted_at IS NULL ORDER BY id",
     "doc (id) WHERE deleted_at IS NULL"),
    ("SELECT count(*), author_id FROM doc WHERE status IN ('draft', 'gone') AND a > 3 GROUP BY author_id",
     "doc (author_id) WHERE status IN ('draft', 'gone') AND a > 3"),
    ("SELECT a, b, at FROM doc WHERE author_id = 7 ORDER BY at", "doc (author_id, at) INCLUDE (b, a)"),
    ("SELECT sum(a), b FROM doc GROUP BY b", "doc (b) INCLUDE (a)"),
    ("SELECT avg(a + b) FROM doc", "doc (b) INCLUDE (a)"),
    ("SELECT * FROM doc ORDER BY at DESC NULLS LAST, a LIMIT 5", "doc (at DESC NULLS LAST, a)"),
    ("SELECT max(due) FROM doc WHERE author_id = 7", "doc (author_id, due)"),
    ("SELECT DISTINCT ON (author_id) due FROM doc ORDER BY author_id, due DESC", "doc (author_id, due DESC)"),
    ("SELECT * FROM author x WHERE country = 3 AND EXISTS (SELECT FROM doc WHERE author_id = x.id)", "doc (author_id)"),
    (UNION, "doc (author_id)"),
    ("UPDATE doc SET a = 1 WHERE author_id = 8", "doc (author_id)"),
    ("DELETE FROM doc USING author x WHERE x.id = author_id AND x.email = 'A7@example.org'", "author (email)"),
    ("MERGE INTO doc USING author x ON x.id = author_id AND x.email = 'A7@example.org' WHEN MATCHED THEN DELETE",
     "author (email)"),
    ("INSERT INTO tiny SELECT id, a FROM doc WHERE author_id = 9", "doc (author_id)"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "wanted"), [case for case in USED if case[1]])
def test_postgresql_takes_every_candidate_and_the_planner_uses_the_one_made_for_the_statement(
    documents: Snapshot, twin: Twin, text: str, wanted: str
) -> None:
    made = proposals(documents, text)
    assert wanted in made, "\n".join(made)
    twin.enable(())
    before = twin.explain(text)
    for candidate in twin.add([made[wanted].definition]):
        twin.enable([candidate])
        after = twin.explain(text)
        assert after.total_cost < before.total_cost
        assert set(after.indexes) & set(candidate.parts)
        break
    else:
        pytest.fail(f"refused: {wanted}")


def test_postgresql_refuses_none_of_them(documents: Snapshot, twin: Twin) -> None:
    definitions = {one.definition for text, _ in USED for one in proposals(documents, text).values()}
    refused = definitions - {candidate.definition for candidate in twin.add(definitions)}
    assert not refused
    assert len(definitions) > 60
    assert len({one.name for one in definitions}) == len(definitions)


def test_each_branch_of_an_or_gets_its_index(documents: Snapshot, twin: Twin) -> None:
    text = "SELECT * FROM doc WHERE title ILIKE '%abcdef%' OR body ~ 'word12345 ' OR a = 7 AND status = 'draft'"
    made = proposals(documents, text)
    wanted = ("doc USING gin (title gin_trgm_ops)", "doc USING gin (body gin_trgm_ops)", "doc (a)")
    candidates = twin.add([made[one].definition for one in wanted])
    twin.enable(candidates)
    assert set(twin.explain(text).indexes) == {name for one in candidates for name in one.parts}


def test_a_prefix_needs_an_index_by_bytes_under_another_collation(documents: Snapshot, twin: Twin) -> None:
    text = "SELECT * FROM doc WHERE title LIKE 'abcd%'"
    assert "doc (title)" in proposals(documents, text)
    elsewhere = replace(documents, server=replace(documents.server, collation="en_US.UTF-8"))
    made = proposals(elsewhere, text)
    assert "doc (title)" not in made
    (candidate,) = twin.add([made["doc (title text_pattern_ops)"].definition])
    twin.enable([candidate])
    assert set(twin.explain(text).indexes) == set(candidate.parts)


def test_trigrams_only_where_the_extension_is_installed(documents: Snapshot) -> None:
    bare = replace(documents, server=replace(documents.server, extensions=("plpgsql",)))
    assert not any("gin" in one for one in proposals(bare, "SELECT * FROM doc WHERE title LIKE '%abcdef%'"))


def test_two_joined_columns_come_in_both_orders(documents: Snapshot) -> None:
    made = proposals(documents, "SELECT * FROM doc JOIN line ON line.number = doc.a AND line.amount = doc.b")
    assert {"doc (a, b)", "doc (b, a)", "line (number, amount)", "line (amount, number)"} <= set(made)


def test_what_a_subquery_reads_of_the_outer_block_is_a_join_on_both_sides(documents: Snapshot) -> None:
    made = proposals(documents, "SELECT * FROM doc WHERE a IN (SELECT amount FROM line WHERE number > doc.b)")
    assert {"doc (a)", "line (amount)", "line (number)"} <= set(made)


def test_further_keys_take_the_place_of_included_columns_where_equal_tuples_share_space(documents: Snapshot) -> None:
    made = proposals(documents, "SELECT sum(country) FROM author GROUP BY country")
    assert list(made) == ["author (country)"]
    made = proposals(documents, "SELECT status, flag FROM doc WHERE status = 'live'")
    assert any(one.startswith("doc (status, flag)") for one in made)


def test_a_plain_goal_gets_whole_columns_only(documents: Snapshot) -> None:
    goal = Goal(is_plain=True, most_keys=2)
    for text, _ in USED:
        for one in proposals(documents, text, goal).values():
            definition = one.definition
            assert (definition.method, definition.include, definition.predicate) == ("btree", (), None)
            assert len(definition.keys) <= 2
            assert all(key.column and not key.operator_class for key in definition.keys)


def test_other_access_methods_only_when_asked(documents: Snapshot) -> None:
    goal = Goal(methods=frozenset({"btree"}))
    assert not proposals(documents, "SELECT * FROM doc WHERE tags @> ARRAY['t7']", goal)


def test_a_rolling_date_gives_no_partial_index_but_a_fixed_one_does_and_says_so(documents: Snapshot) -> None:
    rolling = proposals(documents, "SELECT a FROM doc WHERE due > $1 AND author_id = $2")
    assert not [one for one in rolling if " WHERE " in one]
    fixed = proposals(documents, "SELECT a FROM doc WHERE due > date '2021-01-01' AND author_id = $2")
    partial = [one for one in fixed.values() if one.definition.predicate]
    assert partial
    assert all("constants that stand in the statement" in one.reason for one in partial)


def test_nothing_that_exists_and_nothing_for_a_tiny_table(documents: Snapshot) -> None:
    assert not proposals(documents, "SELECT * FROM tiny WHERE n = 1")
    assert "doc (id)" not in proposals(documents, "SELECT * FROM doc WHERE id = 1")
    assert "line (doc_id)" not in proposals(documents, "SELECT * FROM line WHERE doc_id = 1")
    assert "line (doc_id, number DESC)" in proposals(documents, "SELECT * FROM line ORDER BY doc_id, number DESC")
    assert "line (doc_id DESC, number DESC)" not in proposals(
        documents, "SELECT * FROM line ORDER BY doc_id DESC, number DESC"
    )


def test_what_exists_is_known_in_the_words_of_the_catalogs(database: Database) -> None:
    database.execute("""
        CREATE TABLE t (id int, email text, payload jsonb, deleted_at date, k text);
        CREATE INDEX ON t (lower(email));
        CREATE INDEX ON t ((payload->>'kind'));
        CREATE INDEX ON t (id) WHERE deleted_at IS NULL AND k = 'x';
        CREATE INDEX ON t USING gin (payload jsonb_path_ops);
        CREATE INDEX ON t (substring(k from 1 for 2));
        INSERT INTO t SELECT i, 'e' || i, '{"kind": 1}', NULL, 'x' FROM generate_series(1, 9000) i; ANALYZE
    """)
    snapshot = read_snapshot(database.dsn)
    for index in snapshot.indexes:
        assert is_covered(index.definition, snapshot)
    made = proposals(
        snapshot,
        "SELECT * FROM t WHERE lower(email) = 'a' AND payload->>'kind' = 'b' AND payload @> '{}'"
        " AND substring(k from 1 for 2) = 'x'",
    )
    assert not made
    assert not proposals(snapshot, "SELECT * FROM t WHERE deleted_at IS NULL AND k = 'x' ORDER BY id").keys() & {
        "t (id) WHERE k = 'x' AND deleted_at IS NULL"
    }


def test_a_table_gets_at_most_sixty(documents: Snapshot) -> None:
    columns = ["id", "author_id", "status", "title", "body", "at", "due", "done", "a", "b", "seq", "deleted_at"]
    conditions = " AND ".join(f"{one}::text > 'x'" for one in columns)
    joins = " AND ".join(f"x.{one} = y.{one}" for one in columns)
    order = ", ".join(f"y.{one}" for one in columns)
    text = f"SELECT 1 FROM doc x, doc y WHERE {joins} AND ({conditions.replace(' AND ', ' OR y.')}) ORDER BY {order}"
    made = proposals(documents, text.replace("(id::", "(y.id::"))
    assert 40 < len(made) <= 60


def test_statements_that_read_by_one_key_can_share_one_index(documents: Snapshot) -> None:
    texts = ("SELECT a FROM doc WHERE author_id = 7", "SELECT b FROM doc WHERE author_id = 7")
    made = [one.definition for text in texts for one in proposals(documents, text).values()]
    (found,) = merged(made, documents)
    assert found.definition.sql().endswith("ON public.doc (author_id) INCLUDE (a, b)")


def test_no_index_is_proposed_that_could_refuse_a_row(database: Database) -> None:
    """A note of 10 kB is an INSERT that fails with a B-tree on it."""
    database.execute("""
        CREATE TABLE note (id int PRIMARY KEY, body text, digest text, kind text);
        INSERT INTO note SELECT i, repeat('word ' || i || ' ', 1 + i % 97), md5(i::text), 'k' || i % 9
        FROM generate_series(1, 9000) i; VACUUM ANALYZE note
    """)
    snapshot = read_snapshot(database.dsn)
    for text in (
        "SELECT id FROM note WHERE to_tsvector('english', body) @@ plainto_tsquery('x')",
        "SELECT body FROM note WHERE kind = $1 ORDER BY body",
        "SELECT id, body FROM note WHERE body = $1",
        "SELECT a.id FROM note a JOIN note b ON a.body = b.body WHERE b.kind = $1",
        "SELECT id FROM note WHERE lower(body) = $1 AND kind > $2",
        "SELECT id FROM note WHERE body LIKE 'abc%'",
    ):
        for outline in proposals(snapshot, text):
            held = outline.split(" WHERE ")[0]
            assert "body" not in held or "USING gin" in held or "USING hash" in held, outline
    assert "note USING hash (body)" in proposals(snapshot, "SELECT id FROM note WHERE body = $1")
    assert "note USING hash ((lower(body)))" in proposals(snapshot, "SELECT id FROM note WHERE lower(body) = $1")
    assert "note (digest)" in proposals(snapshot, "SELECT id FROM note WHERE digest = $1")


@pytest.mark.parametrize(
    "condition",
    ["status = 'int' AND title::int = 77", "status = 'int' AND title::uuid = 'c4ca4238a0b923820dcc509a6f75849b'",
     "sqrt(a) = 3 AND status = 'int'", "int4range(a, b) @> 77", "app.norm(title) = '5'", "(payload->>'n')::int = 5"],
)  # fmt: skip
def test_what_may_raise_for_a_row_is_in_no_index(documents: Snapshot, condition: str) -> None:
    made = proposals(documents, f"SELECT id FROM doc WHERE {condition} ORDER BY id")
    assert not [one for one in made if "CAST" in one or "sqrt" in one or "range" in one or "norm" in one], made
