"""A damaged or edited snapshot gives a report or an error with the file and the reason, never a fault of ours."""

from __future__ import annotations

import gzip
import json
import random
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pgwright import pipeline
from pgwright.errors import PgwrightError, UnreadableSnapshot
from pgwright.report import render
from pgwright.snapshot import load_snapshot, read_snapshot, save_snapshot
from tests.support.database import Database

SCHEMA = """
CREATE TABLE parent (id int PRIMARY KEY, code text NOT NULL, status text, deleted_at timestamptz, uid text);
CREATE TABLE child (id bigserial PRIMARY KEY, parent_id int REFERENCES parent, at timestamptz DEFAULT now(),
    tags text[], span int4range);
CREATE TABLE part (at date NOT NULL, n int) PARTITION BY RANGE (at);
CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE INDEX ON child (at DESC) INCLUDE (parent_id) WHERE parent_id > 3;
CREATE INDEX ON child (at); CREATE UNIQUE INDEX ON parent (lower(code)); CREATE INDEX ON part (n);
CREATE STATISTICS both_of (ndistinct, dependencies, mcv) ON status, code FROM parent;
ALTER TABLE child ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON child USING (parent_id = 1);
INSERT INTO parent SELECT n, 'c' || n, 's' || n % 3, CASE WHEN n % 2 = 0 THEN now() END, gen_random_uuid()
    FROM generate_series(1, 300) n;
INSERT INTO child (parent_id, tags, span) SELECT 1 + n % 300, ARRAY['a', 'b' || n % 4], int4range(n, n + 9)
    FROM generate_series(1, 900) n;
INSERT INTO part SELECT '2026-01-01'::date + n % 90, n FROM generate_series(1, 200) n;
ANALYZE
"""
CASES_A_TEST = 150
ODD: tuple[Any, ...] = (
    None, "", "\0", "x", "\ud800", "\u202e\x1b[31m", "9" * 400, "1e999", "nan", "2026-01-01", "btree", "parent", "id",
    0, -1, 1, 7, 1000, 2**31, 2**63, -(2**70), 10**4000,
    1e308, -1e308, 0.5, -0.5, 7.5, 1e15, True, False, [], [None], ["x"], {}, {"schema": "a", "name": "b"}, [[[]]],
)  # fmt: skip


@pytest.fixture
def document(database: Database, tmp_path: Path) -> Any:
    database.execute(SCHEMA)
    database.execute("SELECT pg_stat_statements_reset()")
    database.rows("SELECT count(*) FROM child JOIN parent ON parent.id = parent_id WHERE at > now() AND status = 's1'")
    save_snapshot(read_snapshot(database.dsn), tmp_path / "s.json")
    return json.loads((tmp_path / "s.json").read_text())


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every value inside a document."""
    items: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*path, key)
        yield from places(inner, (*path, key))


def damaged(document: Any, seed: int) -> Any:
    """Return the document with one to three changes: a value replaced, left out, doubled, or taken from elsewhere."""
    chance = random.Random(seed)
    made = json.loads(json.dumps(document))
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        all_places = list(places(made))
        # By the first key, for some parts have a hundred times as many values as others.
        first = chance.choice(sorted({path[0] for path in all_places}))
        *way, last = chance.choice([path for path in all_places if path[0] == first])
        holder = made
        for key in way:
            holder = holder[key]
        what = chance.randrange(8)
        if what == 0:
            del holder[last]
        elif what == 1 and isinstance(holder, list):
            holder.append(json.loads(json.dumps(holder[last])))
        elif what == 2:
            other: Any = made
            for key in chance.choice(all_places):
                other = other[key] if not isinstance(other, str | int | float | bool | None) else other
            holder[last] = json.loads(json.dumps(other))
        else:
            alike = [one for one in ODD if type(one) is type(holder[last])]
            holder[last] = chance.choice(alike if alike and what > 3 else ODD)
    return made


@pytest.mark.parametrize("start", range(0, 600, CASES_A_TEST))
def test_a_damaged_value_gives_a_report_or_an_error_with_the_file(document: Any, tmp_path: Path, start: int) -> None:
    path = tmp_path / "damaged.json"
    named: list[bool] = []
    for seed in range(start, start + CASES_A_TEST):
        try:
            path.write_text(json.dumps(damaged(document, seed)))
        except (KeyError, IndexError, TypeError):  # a second change of what the first one took away
            continue
        try:
            diagnosis = pipeline.check(path, with_advice=False)
            for form in ("terminal", "json", "html", "markdown", "sarif"):
                render(diagnosis, form)
            render(pipeline.fix(path, diagnosis), "json")
        except UnreadableSnapshot as error:
            named.append(str(path) in str(error))
        except PgwrightError:
            continue
        except Exception as error:
            raise AssertionError(f"seed {seed}: {error!r}") from error
    assert all(named)
    assert CASES_A_TEST / 10 < len(named) < CASES_A_TEST, "some are damaged beyond reading, and some are not"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (("taken_at", "yesterday"), "taken_at is no time: 'yesterday'"),
        (("server", "database_bytes", 2**63), "database_bytes is beyond 64 bits"),
        (("tables", 0, "row_estimate", 1e308), r"tables\[0\].row_estimate is 1e\+308"),
        (("statements", 0, "text", "a\0b"), r"statements\[0\].text is no text"),
        (("tables", 0, "parent", {"schema": "public", "name": "child"}), "own ancestor"),
        (("foreign_keys", 0, "referenced_columns", ["id", "id"]), "has 1 column"),
        (("foreign_keys", 0, "columns", []), "has 0 column"),
        (("settings", 0, "raw", 7), "Expected `str`"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(
    document: Any, tmp_path: Path, change: tuple[Any, ...], reason: str
) -> None:
    *way, last, value = change
    holder = document
    for key in way:
        holder = holder[key]
    holder[last] = value
    path = tmp_path / "s.json"
    path.write_text(json.dumps(document))
    with pytest.raises(UnreadableSnapshot, match=reason) as caught:
        load_snapshot(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    "data",
    [
        b'{"format": 1, "taken_at": "\xff\xfe"}',
        b'{"format": 1, "tables": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"format": NaN}',
        b'{"format": 1e400}',
        b'{"format": ' + b"9" * 5_000 + b"}",
        gzip.compress(b'{"format": 1}' * 99)[:-20],
        gzip.compress(b'{"format": 1}')[:-4] + b"\0\0\0\0",
        b"\x1f\x8b",
    ],
    ids=["no UTF-8", "deep", "NaN", "infinity", "huge", "truncated", "wrong checksum", "header only"],
)
def test_bytes_that_are_no_snapshot_are_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "s.json").write_bytes(data)
    with pytest.raises(UnreadableSnapshot, match=r"s\.json"):
        load_snapshot(tmp_path / "s.json")


@pytest.mark.parametrize("is_packed", [True, False])
def test_a_file_that_unpacks_to_more_than_fits_is_refused(
    tmp_path: Path, is_packed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pgwright.snapshot.file.MOST_BYTES", 1 << 20)
    data = b'{"format": 1}'.ljust(1 + (1 << 20))
    (tmp_path / "s.json").write_bytes(gzip.compress(data) if is_packed else data)
    with pytest.raises(UnreadableSnapshot, match=r"s\.json.*holds more than 1 MB"):
        load_snapshot(tmp_path / "s.json")


@pytest.mark.parametrize("before", [None, 0o644, 0o666])
def test_a_snapshot_is_for_its_owner_alone(database: Database, tmp_path: Path, before: int | None) -> None:
    path = tmp_path / "s.json"
    if before is not None:
        path.write_text("old")
        path.chmod(before)
    save_snapshot(read_snapshot(database.dsn, with_schema=False), path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
