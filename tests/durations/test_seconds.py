"""How long statements work: which work they do, and that more of it takes longer."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pgwright.durations.seconds import takes_long, with_seconds
from pgwright.model.finding import CodeLine
from pgwright.model.migration import (
    Direction,
    MigrationEnvironment,
    ObservedRevision,
    ObservedStatement,
    PendingMigrations,
    SecondsRange,
)
from pgwright.model.names import QualifiedName
from pgwright.model.rates import DEFAULT_RATES
from pgwright.model.snapshot import Snapshot
from pgwright.sqltext.actions import read_actions
from tests.support.builders import (
    make_foreign_key,
    make_index,
    make_server,
    make_setting,
    make_snapshot,
    make_statement,
    make_statistics,
    make_table,
)

NOTE, TAG = QualifiedName("public", "note"), QualifiedName("public", "tag")
ROWS = st.floats(1e3, 1e9)
NOT_NULL = "ALTER TABLE note ALTER title SET NOT NULL"
REWRITE = "ALTER TABLE note ALTER id TYPE bigint"


def snapshot(rows: float = 1e6, *parts: object) -> Snapshot:
    return make_snapshot(
        make_table("note", "id integer, title text", rows=rows), make_table("tag", "id integer", rows=rows), *parts
    )


def observed(
    text: str,
    *,
    rewritten: tuple[QualifiedName, ...] = (),
    scanned: tuple[QualifiedName, ...] = (),
    built: tuple[str, ...] = (),
) -> ObservedStatement:
    files = tuple(QualifiedName("public", name) for name in built)
    place = CodeLine("r1.py", 1, "upgrade")
    return ObservedStatement(
        text, read_actions(text), place, "", 1, False, rewritten=rewritten, scanned=scanned, built=files
    )


def timed(statement: ObservedStatement, known: Snapshot | None, *earlier: ObservedStatement) -> SecondsRange | None:
    revision = ObservedRevision("r1", (), "r1.py", "", "", Direction((*earlier, statement)))
    environment = MigrationEnvironment("env.py")
    pending = PendingMigrations("alembic.ini", "", "18.0", "", (), ("r1",), (revision,), environment, known)
    return with_seconds(pending, DEFAULT_RATES).revisions[0].upgrade.statements[-1].seconds


def middle(statement: ObservedStatement, known: Snapshot | None, *earlier: ObservedStatement) -> float:
    found = timed(statement, known, *earlier)
    assert found is not None
    return found.high


READ = observed(NOT_NULL, scanned=(NOTE,))
WRITTEN = observed(REWRITE, rewritten=(NOTE,))
BUILT = observed("CREATE INDEX ix ON note (title)", scanned=(NOTE,), built=("ix",))
MATCHED = observed("ALTER TABLE note ADD FOREIGN KEY (id) REFERENCES tag (id)", scanned=(NOTE, TAG))
UPDATED = observed("UPDATE note SET title = ''", scanned=(NOTE,))
DELETED = observed("DELETE FROM note", scanned=(NOTE,))
COPIED = observed("CREATE TABLE other AS SELECT * FROM note", scanned=(NOTE,))
EVERY = [READ, WRITTEN, BUILT, MATCHED, UPDATED, DELETED, COPIED]


@pytest.mark.parametrize("statement", EVERY, ids=lambda one: one.text)
@given(fewer=ROWS, factor=st.floats(1.5, 100))
def test_more_rows_take_longer_and_the_ends_differ_by_three_at_most(
    statement: ObservedStatement, fewer: float, factor: float
) -> None:
    small, large = timed(statement, snapshot(fewer)), timed(statement, snapshot(fewer * factor))
    assert small is not None
    assert large is not None
    assert small.low < large.low
    assert small.high < large.high
    assert 1 < small.high / small.low <= 3


@pytest.mark.parametrize("statement", EVERY, ids=lambda one: one.text)
def test_an_empty_table_takes_next_to_nothing(statement: ObservedStatement) -> None:
    assert middle(statement, snapshot(0)) < 0.05


@pytest.mark.parametrize("statement", EVERY, ids=lambda one: one.text)
def test_without_sizes_nothing_is_said(statement: ObservedStatement) -> None:
    assert timed(statement, None) is None


@pytest.mark.parametrize(
    "text",
    [
        "ALTER TABLE note ADD COLUMN a integer",
        "ALTER TABLE note ADD FOREIGN KEY (id) REFERENCES tag (id) NOT VALID",
        "DROP TABLE note",
        "INSERT INTO note VALUES (1, 'a')",
    ],
)
def test_what_does_nothing_to_rows_has_no_seconds(text: str) -> None:
    assert timed(observed(text), snapshot()) is None


def test_a_truncated_table_gets_a_new_file_in_no_time() -> None:
    assert timed(observed("TRUNCATE note", rewritten=(NOTE,)), snapshot()) is None


def test_a_statement_that_failed_has_no_seconds() -> None:
    assert timed(replace(READ, error="no"), snapshot()) is None


def test_a_rewrite_takes_longer_than_a_read_and_each_index_adds_to_it() -> None:
    bare = middle(WRITTEN, snapshot())
    assert middle(READ, snapshot()) < bare
    one = middle(WRITTEN, snapshot(1e6, make_index("ix_a", "note", "title")))
    two = middle(WRITTEN, snapshot(1e6, make_index("ix_a", "note", "title"), make_index("ix_b", "note", "id")))
    assert bare < one < two


def test_a_rewrite_copies_large_values_and_a_read_does_not() -> None:
    known = snapshot()
    large = replace(known, tables=tuple(replace(one, total_bytes=one.total_bytes + 10**10) for one in known.tables))
    assert middle(WRITTEN, large) > 5 * middle(WRITTEN, known)
    assert middle(READ, large) == middle(READ, known)
    assert middle(UPDATED, large) == middle(UPDATED, known)


def test_dead_rows_are_read_and_not_written() -> None:
    known = snapshot()
    bloated = replace(known, tables=tuple(replace(one, dead_rows=10**6) for one in known.tables))
    assert middle(READ, bloated) > middle(READ, known)
    assert middle(WRITTEN, bloated) < middle(WRITTEN, known)


def test_a_default_that_calls_a_function_for_each_row_takes_longer() -> None:
    plain = observed("ALTER TABLE note ADD COLUMN a integer DEFAULT 1", rewritten=(NOTE,))
    drawn = observed("ALTER TABLE note ADD COLUMN a uuid DEFAULT gen_random_uuid()", rewritten=(NOTE,))
    assert middle(drawn, snapshot()) > middle(plain, snapshot())


def test_a_concurrent_build_looks_at_the_table_twice() -> None:
    concurrent = observed("CREATE INDEX CONCURRENTLY ix ON note (title)", scanned=(NOTE,), built=("ix",))
    assert middle(concurrent, snapshot()) > middle(BUILT, snapshot())


def test_a_language_sorts_texts_slower_than_bytes() -> None:
    of_bytes = make_snapshot(make_table("note", "id integer, title text", rows=1e6), server=make_server(collation="C"))
    of_language = replace(of_bytes, server=make_server(collation="de_DE.UTF-8"))
    assert middle(BUILT, of_language) > middle(BUILT, of_bytes)


def test_reindex_takes_as_long_as_the_index_does() -> None:
    again = observed("REINDEX INDEX ix_a", built=("ix_a",))
    known = snapshot(1e6, make_index("ix_a", "note", "title"))
    assert middle(again, known) == pytest.approx(middle(BUILT, known))


def test_a_unique_constraint_takes_as_long_as_its_index_and_one_with_an_index_nothing() -> None:
    unique = observed("ALTER TABLE note ADD CONSTRAINT u UNIQUE (title)", scanned=(NOTE,), built=("u",))
    known = snapshot(1e6, make_statistics("note", "title", distinct=-1.0))
    assert middle(unique, known) == pytest.approx(middle(BUILT, known))
    assert timed(observed("ALTER TABLE note ADD CONSTRAINT u UNIQUE USING INDEX ix"), snapshot()) is None


def test_an_exclusion_looks_for_each_row() -> None:
    apart = observed("ALTER TABLE note ADD EXCLUDE USING gist (id WITH =)", scanned=(NOTE,), built=("x",))
    assert middle(apart, snapshot()) > 2 * middle(BUILT, snapshot())


def test_a_key_that_is_validated_later_takes_as_long_as_one_that_is_added() -> None:
    added = observed("ALTER TABLE note ADD CONSTRAINT k FOREIGN KEY (id) REFERENCES tag (id) NOT VALID")
    later = observed("ALTER TABLE note VALIDATE CONSTRAINT k", scanned=(NOTE, TAG))
    assert middle(later, snapshot(), added) == pytest.approx(middle(MATCHED, snapshot()))


def test_a_key_is_checked_anew_when_its_column_gets_another_type() -> None:
    known = snapshot(1e6, make_foreign_key("note", "id", "tag"))
    assert middle(WRITTEN, known) > middle(WRITTEN, snapshot())


def test_all_partitions_count() -> None:
    parts = [make_table(f"log_{n}", "id integer", rows=1e6, parent="log") for n in (1, 2)]
    known = make_snapshot(make_table("log", "id integer", kind="partitioned table", leaf_rows=2e6), *parts)
    names = tuple(one.name for one in parts)
    one = observed("ALTER TABLE log ALTER id SET NOT NULL", scanned=names[:1])
    both = observed("ALTER TABLE log ALTER id SET NOT NULL", scanned=names)
    assert middle(both, known) > 1.9 * middle(one, known)
    assert middle(observed("CREATE INDEX ix ON log (id)", scanned=names, built=("ix",)), known) > 0.5


def test_each_index_adds_to_an_update_and_none_to_a_delete() -> None:
    indexed = snapshot(1e6, make_index("ix_a", "note", "title"))
    assert middle(UPDATED, indexed) > middle(UPDATED, snapshot()) + 1
    assert middle(DELETED, indexed) == middle(DELETED, snapshot())


def test_entries_of_indexes_that_exceed_the_buffers_take_longer() -> None:
    known = snapshot(1e6, make_index("ix_a", "note", "title", pages=100_000))
    small, large = (replace(known, settings=(make_setting("shared_buffers", "", raw),)) for raw in ("8192", "200000"))
    assert middle(UPDATED, small) > 1.5 * middle(UPDATED, large)


def test_a_delete_looks_into_every_table_that_refers_and_without_an_index_reads_it_all_for_each_row() -> None:
    key = make_foreign_key("tag", "id", "note")
    unserved, served = snapshot(1e5, key), snapshot(1e5, key, make_index("ix_tag", "tag", "id"))
    assert middle(DELETED, served) > middle(DELETED, snapshot(1e5))
    assert middle(DELETED, unserved) > 100 * middle(DELETED, served)


def test_the_statistics_say_how_many_rows_a_condition_takes() -> None:
    known = snapshot(1e6, make_statistics("note", "title", null_fraction=0.25))
    nulls = observed("UPDATE note SET title = '' WHERE title IS NULL", scanned=(NOTE,))
    assert middle(nulls, known) < middle(UPDATED, known) / 2


@pytest.mark.parametrize(
    "text",
    [
        "UPDATE note SET title = '' WHERE title IS NULL AND id > 7",
        "UPDATE note SET title = '' WHERE id > 7 OR title IS NULL",
        "UPDATE note SET title = '' FROM tag WHERE tag.id = note.id",
        "DELETE FROM note WHERE id IN (SELECT id FROM tag)",
        "CREATE TABLE other AS SELECT title, count(*) FROM note GROUP BY title",
        "CREATE TABLE other AS SELECT note.* FROM note JOIN tag USING (id)",
        "INSERT INTO tag SELECT id FROM note LIMIT 10",
        "MERGE INTO note USING tag ON note.id = tag.id WHEN MATCHED THEN DELETE",
        "DO $$ BEGIN UPDATE note SET title = ''; END $$",
    ],
)
def test_how_many_rows_are_taken_is_unknown(text: str) -> None:
    known = snapshot(1e6, make_statistics("note", "title", null_fraction=0.25))
    assert timed(observed(text, scanned=(NOTE, TAG)), known) is None


def test_rows_are_copied_into_a_table_with_its_indexes() -> None:
    copied = observed("INSERT INTO tag SELECT id FROM note", scanned=(NOTE,))
    assert middle(copied, snapshot(1e6, make_index("ix_tag", "tag", "id"))) > middle(copied, snapshot())


def test_a_refresh_takes_as_long_as_it_took() -> None:
    text = "REFRESH MATERIALIZED VIEW best"
    known = snapshot(1e6, make_statement(text, calls=10, total_ms=60_000.0, mean_ms=6_000.0))
    found = timed(observed(text, rewritten=(QualifiedName("public", "best"),)), known)
    assert found is not None
    assert found.low < 6 < found.high


def test_what_matters_is_whether_a_statement_may_take_long() -> None:
    def pending(rows: float) -> PendingMigrations:
        revision = ObservedRevision("r1", (), "r1.py", "", "", Direction((WRITTEN,)))
        environment = MigrationEnvironment("env.py")
        return PendingMigrations("alembic.ini", "", "18.0", "", (), ("r1",), (revision,), environment, snapshot(rows))

    assert [takes_long(with_seconds(pending(rows), DEFAULT_RATES)) for rows in (1e3, 1e7)] == [False, True]
