"""The price of an index on writes: which rows count, and what a row costs with each method."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pgwright.advisor.writes import WriteLoad, WritePrice, read_writes, write_price
from pgwright.model.index import IndexDefinition, IndexKey
from pgwright.model.names import QualifiedName
from pgwright.model.snapshot import Snapshot
from pgwright.model.statement import Statement
from pgwright.sizes import IndexSize, estimate_size
from pgwright.snapshot import read_snapshot
from pgwright.sqltext import Schema, read_shape
from pgwright.twin.priced import Workload
from tests.support.database import Database

T = QualifiedName("public", "t")
SIZE = IndexSize(300, 1, 10_000)
ON_STATUS = IndexDefinition("ix", T, (IndexKey("status"),))
# btcostestimate's descent of two levels, and a page.
PER_ROW = 2 * 50 * 0.0025 + 1.0


@pytest.fixture
def snapshot(database: Database) -> Snapshot:
    """A table with two indexes, 1,000 of whose rows were updated, 800 of them HOT."""
    database.execute(
        """
        CREATE EXTENSION vector;
        CREATE TABLE t (id int PRIMARY KEY, status text, note text, tags text[], e vector(32));
        CREATE INDEX t_note ON t (note);
        INSERT INTO t SELECT i, 'new', i::text, ARRAY['a' || i % 9, 'b' || i % 7, 'c' || i % 5], NULL
        FROM generate_series(1, 10000) i;
        ANALYZE t
        """
    )
    read = read_snapshot(database.dsn, with_schema=False)
    (table,) = (table for table in read.tables if table.name == T)
    counted = replace(table, rows_updated=1_000, rows_hot_updated=800, rows_modified_since_analyze=0)
    return replace(read, tables=(counted,), statements=())


def price(snapshot: Snapshot, load: WriteLoad, definition: IndexDefinition = ON_STATUS) -> WritePrice:
    return write_price(definition, SIZE, load, snapshot)


def statement(text: str, rows: int) -> Statement:
    return Statement(1, text, "app", 10, 1.0, 0.1, 0.1, 0.0, rows, 0, 0, 0)


def loads(snapshot: Snapshot, *statements: Statement) -> dict[QualifiedName, WriteLoad]:
    schema = Schema.of(snapshot)
    shapes = [(one, read_shape(one.text, schema)) for one in statements if not one.text.startswith("COPY")]
    workload = Workload((), tuple(shapes), ())
    return dict(read_writes(workload, replace(snapshot, statements=statements)))


def test_each_inserted_row_is_a_descent_and_a_page(snapshot: Snapshot) -> None:
    found = price(snapshot, WriteLoad(inserted=400))
    assert (found.entries, found.hot_updates_lost) == (400, 0)
    assert found.cost == pytest.approx(400 * PER_ROW)


def test_an_update_of_its_column_also_ends_hot_for_the_other_indexes(snapshot: Snapshot) -> None:
    found = price(snapshot, WriteLoad(updated=((frozenset({"status"}), 100),)))
    assert (found.entries, found.hot_updates_lost) == (100 + 80 * 2, 80)
    assert found.cost > 100 * PER_ROW


def test_an_update_of_other_columns_writes_what_was_not_hot_before(snapshot: Snapshot) -> None:
    found = price(snapshot, WriteLoad(updated=((frozenset({"tags"}), 100),)))
    assert (found.entries, found.hot_updates_lost) == (20, 0)
    found = price(snapshot, WriteLoad(updated=((frozenset({"note"}), 100),)))
    assert (found.entries, found.hot_updates_lost) == (100, 0), "an index on note kept it from HOT"


def test_hot_is_reckoned_among_the_updates_that_may_be_hot(snapshot: Snapshot) -> None:
    """80 % of all were HOT, so all of those that change no indexed column."""
    load = WriteLoad(updated=((frozenset({"note"}), 200), (frozenset({"status"}), 800)))
    assert price(snapshot, load).hot_updates_lost == 800


def test_where_no_update_was_counted_the_loss_of_hot_is_charged_in_full(snapshot: Snapshot) -> None:
    (table,) = snapshot.tables
    unknown = replace(snapshot, tables=(replace(table, rows_updated=0, rows_hot_updated=0),))
    found = price(unknown, WriteLoad(updated=((frozenset({"status"}), 100),)))
    assert found.hot_updates_lost == 100


def test_the_rows_of_a_partition_are_written_to_the_indexes_of_its_parent_too(database: Database) -> None:
    database.execute("""
        CREATE TABLE p (id int, note text) PARTITION BY RANGE (id);
        CREATE TABLE p_0 PARTITION OF p FOR VALUES FROM (0) TO (100000);
        INSERT INTO p SELECT i, 'x' FROM generate_series(1, 5000) i; ANALYZE p_0
    """)
    read = read_snapshot(database.dsn, with_schema=False)
    counted = tuple(
        replace(one, rows_updated=10, rows_hot_updated=5) if one.name.name == "p_0" else one for one in read.tables
    )
    written = replace(read, tables=counted)
    changes = (statement("INSERT INTO p_0 VALUES ($1, $2)", 70), statement("UPDATE p SET note = $1", 40))
    parent = QualifiedName("public", "p")
    load = loads(written, *changes)[parent]
    assert load == WriteLoad(70, ((frozenset({"note"}), 40),))
    index = IndexDefinition("ix", parent, (IndexKey("note"),))
    assert price(written, load, index).hot_updates_lost == 20


def test_an_index_that_exists_is_not_among_the_others(snapshot: Snapshot) -> None:
    (existing,) = (index.definition for index in snapshot.indexes if index.name.name == "t_note")
    found = price(snapshot, WriteLoad(updated=((frozenset({"note"}), 100),)), existing)
    assert found.entries == 100 + 80


def test_an_expression_and_a_predicate_are_touched_by_their_columns(snapshot: Snapshot) -> None:
    load = WriteLoad(updated=((frozenset({"status"}), 100),))
    expression = IndexDefinition("ix", T, (IndexKey(None, "lower(status)"),))
    predicate = IndexDefinition("ix", T, (IndexKey("note"),), predicate="status = 'new'")
    unrelated = IndexDefinition("ix", T, (IndexKey("note"),), predicate="sub_status = 'new'")
    assert price(snapshot, load, expression).hot_updates_lost == 80
    assert price(snapshot, load, predicate).hot_updates_lost == 80
    assert price(snapshot, load, unrelated).hot_updates_lost == 0


def test_a_partial_index_takes_its_share_of_the_inserts(snapshot: Snapshot) -> None:
    partial = IndexDefinition("ix", T, (IndexKey("note"),), predicate="status = 'new'")
    found = write_price(partial, replace(SIZE, rows=1_000), WriteLoad(inserted=400), snapshot)
    assert found.entries == 40


def test_rows_that_pass_through_a_partial_index_all_count(snapshot: Snapshot) -> None:
    """A queue: each job is inserted as new, and few are at any moment."""
    partial = IndexDefinition("ix", T, (IndexKey("note"),), predicate="status = 'new'")
    load = WriteLoad(400, ((frozenset({"status"}), 0),))
    assert write_price(partial, replace(SIZE, rows=10), load, snapshot).entries == 400


def test_brin_keeps_hot_updates_and_costs_next_to_nothing(snapshot: Snapshot) -> None:
    found = price(snapshot, WriteLoad(100, ((frozenset({"status"}), 100),)), replace(ON_STATUS, method="brin"))
    assert found.hot_updates_lost == 0
    assert found.cost < 0.2 * 200 * PER_ROW


def test_gin_writes_an_entry_for_each_element_and_hnsw_searches_for_each_row(snapshot: Snapshot) -> None:
    gin = IndexDefinition("ix", T, (IndexKey("tags"),), method="gin")
    hnsw = IndexDefinition("ix", T, (IndexKey("e"),), method="hnsw")
    load = WriteLoad(inserted=100)
    assert price(snapshot, load, gin).entries == pytest.approx(300, rel=0.05)
    prices = [
        write_price(one, estimate_size(one, snapshot, 10_000), load, snapshot).cost for one in (ON_STATUS, gin, hnsw)
    ]
    assert prices == sorted(prices)
    assert prices[2] > 20 * prices[0]


def test_statements_say_what_was_written(snapshot: Snapshot) -> None:
    found = loads(
        snapshot,
        statement("INSERT INTO t (id) VALUES ($1)", 30),
        statement("UPDATE t SET status = $1 WHERE id = $2", 20),
        statement("DELETE FROM t WHERE id = $1", 5),
        statement('COPY public."t" (id, note) FROM STDIN', 1_000),
        statement("COPY t TO STDOUT", 7),
    )
    assert found == {T: WriteLoad(1_030, ((frozenset({"status"}), 20),))}
