from dataclasses import replace
from pathlib import Path

import pytest

from pgwright.errors import ConfigError, UnreadableSnapshot
from pgwright.snapshot import load_snapshot, read_snapshot, save_snapshot
from tests.support.database import Database


@pytest.mark.parametrize("name", ["s.json", "s.json.gz"])
def test_what_is_saved_is_read_back_equal(database: Database, tmp_path: Path, name: str) -> None:
    database.execute("CREATE TABLE t AS SELECT i, i % 3 AS m, ARRAY[i] AS a FROM generate_series(1, 99) i; ANALYZE t")
    snapshot = read_snapshot(database.dsn)
    save_snapshot(snapshot, tmp_path / name)
    assert load_snapshot(tmp_path / name) == snapshot
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"{", "truncated"),
        (b"[1]", "object"),
        (b'{"format": 99}', "format 99"),
        (b"\x1f\x8bxx", "is not a readable"),
        (b"", "truncated"),
    ],
)
def test_what_is_no_snapshot_is_refused(tmp_path: Path, data: bytes, reason: str) -> None:
    path = tmp_path / "s"
    path.write_bytes(data)
    with pytest.raises(UnreadableSnapshot, match=reason):
        load_snapshot(path)


def test_a_path_that_cannot_be_written_is_told(database: Database, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot write"):
        save_snapshot(read_snapshot(database.dsn, with_schema=False), tmp_path / "absent" / "s.json")


def test_a_file_that_names_what_it_does_not_describe_is_refused(database: Database, tmp_path: Path) -> None:
    database.execute("CREATE TABLE parent (id int PRIMARY KEY)")
    snapshot = read_snapshot(database.dsn)
    save_snapshot(replace(snapshot, tables=()), tmp_path / "edited.json")
    with pytest.raises(UnreadableSnapshot, match="parent"):
        load_snapshot(tmp_path / "edited.json")
