"""What cannot be equal by nature is left out and named; what differs for another reason is never excused."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pytest

from pgwright.embedded import EmbeddedServer
from pgwright.model.proof import MeasuredStatement
from pgwright.proof.nature import read_nature
from tests.proof.conftest import Copied
from tests.support.database import Database
from tests.support.two_copies import ask, measure

SCHEMA = """
CREATE TABLE t (id int PRIMARY KEY, a int, b int, x float8);
INSERT INTO t SELECT i, i % 10, i, i / 7.0 FROM generate_series(1, 3000) i;
CREATE VIEW stamped AS SELECT id, b, clock_timestamp() AS at FROM t;
CREATE FUNCTION ticket() RETURNS text LANGUAGE sql VOLATILE AS $$ SELECT random()::text $$;
VACUUM ANALYZE;
"""
# The same rows in another order: as an index of the fix may give them.
OTHER_ORDER = """
CREATE INDEX ON t (a, b DESC, id, x); VACUUM ANALYZE t;
ALTER DATABASE {0} SET enable_seqscan = off; ALTER DATABASE {0} SET enable_bitmapscan = off;
ALTER DATABASE {0} SET enable_hashagg = off
"""
CHANGING = {
    "SELECT id, b, now() AS at FROM t WHERE id < 50": "at: now() gives another value each time",
    "SELECT id, b, CURRENT_TIMESTAMP AS at FROM t WHERE id < 50": "at: now() gives another value each time",
    "SELECT id, b, gen_random_uuid() AS u FROM t WHERE id < 50": "u: gen_random_uuid() gives another value each time",
    "SELECT *, random() AS r FROM t WHERE id < 50": "r: random() gives another value each time",
    "SELECT ticket() AS n, id, b FROM t WHERE id < 50": "n: ticket() gives another value each time",
    "SELECT * FROM stamped WHERE id < 50": "at: it differs from run to run on one copy",
}
PICKING = {
    "SELECT b FROM t WHERE a = 3 ORDER BY a LIMIT 5": "which of equal rows LIMIT takes, or puts first",
    "SELECT DISTINCT ON (a) a, b FROM t ORDER BY a": "which of equal rows DISTINCT ON takes, or puts first",
    "SELECT b, row_number() OVER (ORDER BY a) AS n FROM t WHERE a = 3": (
        "which of equal rows row_number() OVER takes, or puts first"
    ),
    "SELECT string_agg(b::text, ',') FROM t WHERE a = 3": "which of equal rows string_agg() takes, or puts first",
}
ALIKE = [
    "SELECT array_agg(b) FROM t WHERE a = 3",
    "SELECT json_agg(b) FROM t WHERE a = 3",
    "SELECT sum(x), sum(b) FROM t WHERE a = 3",
]
CHANGED = "UPDATE t SET b = -b, x = -x WHERE a = 3 OR id < 50"


@pytest.fixture
def after(database: Database, copied: Copied) -> Database:
    database.execute(SCHEMA)
    return copied()


def plain(text: str) -> str:
    """Return a statement without its constants, however they are written."""
    return re.sub(r"\$\d+|'[^']*'|\d+", "?", text)


def compared(
    before: Database, after: Database, twin_server: EmbeddedServer, statements: Iterable[str]
) -> dict[str, MeasuredStatement]:
    """Measure statements; return what was measured by the statement."""
    asked = {plain(text): text for text in statements}
    ask(before, *asked.values())
    measured, missing = measure(before, after, twin_server)
    assert missing == ()
    return {asked[plain(one.text)]: one for one in measured}


def test_a_column_that_changes_each_time_is_left_out_and_named(
    database: Database, after: Database, twin_server: EmbeddedServer
) -> None:
    found = compared(database, after, twin_server, CHANGING)
    assert {text: one.not_compared for text, one in found.items()} == {
        text: (reason,) for text, reason in CHANGING.items()
    }
    assert all(one.results_equal for one in found.values())


def test_what_takes_one_of_equal_rows_may_take_another(
    database: Database, after: Database, twin_server: EmbeddedServer
) -> None:
    """Elements in another order, and sums of floats, are compared all the same."""
    after.execute(OTHER_ORDER.format(after.name))
    found = compared(database, after, twin_server, [*PICKING, *ALIKE])
    expected = {text: (reason,) for text, reason in PICKING.items()} | dict.fromkeys(ALIKE, ())
    assert {text: one.not_compared for text, one in found.items()} == expected
    assert all(one.results_equal for one in found.values())


def test_a_fix_that_changes_rows_is_never_excused(
    database: Database, after: Database, twin_server: EmbeddedServer
) -> None:
    after.execute(OTHER_ORDER.format(after.name) + ";" + CHANGED)
    found = compared(database, after, twin_server, [*CHANGING, *PICKING, *ALIKE])
    assert {text: (one.verdict, one.not_compared) for text, one in found.items()} == dict.fromkeys(
        [*CHANGING, *PICKING, *ALIKE], ("results differ", ())
    )
    assert not any(one.results_equal for one in found.values())


def test_rows_taken_by_chance_are_compared_without_the_cut(
    database: Database, after: Database, twin_server: EmbeddedServer
) -> None:
    ask(database, "SELECT id, b FROM t ORDER BY random() LIMIT 5")
    (one,), _ = measure(database, after, twin_server)
    assert (one.results_equal, one.not_compared) == (True, ("which of equal rows LIMIT takes, or puts first",))


def test_nothing_is_compared_where_every_row_is_taken_by_chance(
    database: Database, after: Database, twin_server: EmbeddedServer
) -> None:
    ask(database, "SELECT id, b FROM t WHERE random() < x - floor(x)")
    (one,), _ = measure(database, after, twin_server)
    assert (one.results_equal, one.not_compared) == (True, ("all rows: they differ from run to run on one copy",))


@pytest.mark.parametrize(
    ("text", "uncut"),
    [
        ("SELECT a FROM t ORDER BY b LIMIT $1 OFFSET $2", "SELECT a FROM t ORDER BY b"),
        ("SELECT DISTINCT ON (a) a, b FROM t", "SELECT a, b FROM t"),
        ("SELECT DISTINCT a FROM t", None),
        ("UPDATE t SET a = 1", None),
    ],
)
def test_a_statement_without_its_cut(text: str, uncut: str | None) -> None:
    assert read_nature(text).uncut == uncut


def test_places_after_a_star_count_from_the_end() -> None:
    assert read_nature("SELECT a, t.*, now(), array_agg(b) FROM t").functions == (
        (0, frozenset()), (-2, frozenset({"now"})), (-1, frozenset({"array_agg"})),
    )  # fmt: skip
