"""Twins are kept by content: taken again, never shared, never half there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pgwright.embedded import EmbeddedServer, Programs, wheel_programs
from pgwright.model.index import IndexDefinition, IndexKey
from pgwright.model.names import QualifiedName
from pgwright.model.not_examined import NotExamined
from pgwright.model.snapshot import Snapshot
from pgwright.snapshot import read_snapshot
from pgwright.sql_files import read_sql
from pgwright.twin import cache, restore, servers
from pgwright.twin.sparse import copy_cluster, disk_bytes
from pgwright.twin.twin import open_twin, open_twins
from tests.support.database import Database

TEXT = "SELECT * FROM t WHERE n = 5"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("PGWRIGHT_CACHE", raising=False)
    return tmp_path / "pgwright" / "twins"


@pytest.fixture
def snapshot(database: Database) -> Snapshot:
    database.execute("""
        CREATE TABLE t (id int PRIMARY KEY, n int);
        INSERT INTO t SELECT i, i % 5000 FROM generate_series(1, 40000) i;
        VACUUM ANALYZE t;
    """)
    taken = read_snapshot(database.dsn)
    return replace(taken, schema_sql=taken.schema_sql + "\nCREATE TABLE public.place (at geometry);\n")


@pytest.fixture
def builds(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the databases that were built, not copied."""
    made: list[str] = []

    def build(snapshot: Snapshot, server: EmbeddedServer, name: str) -> tuple[NotExamined, ...]:
        made.append(name)
        return restore.build(snapshot, server, name)

    monkeypatch.setattr(servers, "build", build)
    return made


def test_the_second_twin_is_a_copy_that_plans_alike(folder: Path, snapshot: Snapshot, builds: list[str]) -> None:
    with open_twin(snapshot) as twin:
        first, left_out = twin.explain(TEXT), twin.left_out
        # Nothing that one command does is seen by the next.
        twin.enable(twin.add([IndexDefinition("i", QualifiedName("public", "t"), (IndexKey("n"),))]))
        assert twin.explain(TEXT) != first
    with open_twin(snapshot) as one, open_twin(snapshot) as other:
        assert one.explain(TEXT) == other.explain(TEXT) == first
        assert one.left_out == left_out != ()
    assert len(builds) == 1
    (entry,) = folder.iterdir()
    assert folder.stat().st_mode & 0o777 == 0o700
    assert entry.stat().st_mode & 0o077 == 0


def key_of(snapshot: Snapshot, count: int, programs: Programs | None = None) -> str:
    return cache.content_key(snapshot, count, programs or wheel_programs())


def test_what_a_plan_depends_on_is_in_the_key(snapshot: Snapshot) -> None:
    key = key_of(snapshot, 1)
    (table,) = snapshot.tables
    (index,) = snapshot.indexes
    assert key_of(replace(snapshot, taken_at="later", statements=()), 1) == key
    assert key_of(replace(snapshot, tables=(replace(table, sequential_scans=9),)), 1) == key
    others = [
        replace(snapshot, tables=(replace(table, pages=table.pages + 1),)),
        replace(snapshot, indexes=(replace(index, tree_height=3),)),
        replace(snapshot, statistics=snapshot.statistics[1:]),
        replace(snapshot, schema_sql=snapshot.schema_sql + "-- x"),
        replace(snapshot, server=replace(snapshot.server, collation="de_DE.utf8")),
    ]
    updated = replace(wheel_programs(), version="18.99")
    keys = {key, key_of(snapshot, 2), key_of(snapshot, 1, updated), *(key_of(one, 1) for one in others)}
    assert len(keys) == 8


def test_the_code_and_the_queries_that_build_a_twin_are_in_the_key(snapshot: Snapshot) -> None:
    content = set(cache._content(snapshot, wheel_programs()))
    assert Path(restore.__file__).read_bytes() in content
    assert read_sql("pgwright.twin", "restore_columns").encode() in content


def test_several_twins_of_one_server_are_kept_together(folder: Path, snapshot: Snapshot, builds: list[str]) -> None:
    for _ in range(2):
        with open_twins(snapshot, 2) as (one, other):
            assert one.explain(TEXT) == other.explain(TEXT)
    assert builds == ["twin_0", "twin_1"]


@pytest.mark.parametrize("value", ["off", "0"])
def test_nothing_is_kept_when_it_is_switched_off(
    folder: Path, snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("PGWRIGHT_CACHE", value)
    with open_twin(snapshot) as twin:
        assert twin.explain(TEXT).total_cost > 0
    assert not folder.exists()


def test_a_folder_that_others_may_read_is_not_used(folder: Path, snapshot: Snapshot) -> None:
    folder.mkdir(parents=True)
    folder.chmod(0o755)
    with open_twin(snapshot) as twin:
        assert twin.explain(TEXT).total_cost > 0
    assert list(folder.iterdir()) == []


def test_a_damaged_entry_is_made_anew(folder: Path, snapshot: Snapshot, builds: list[str]) -> None:
    with open_twin(snapshot) as twin:
        expected = twin.explain(TEXT)
    (entry,) = folder.iterdir()
    (entry / "data" / "global" / "pg_control").write_bytes(b"gone")
    with open_twin(snapshot) as twin:
        assert twin.explain(TEXT) == expected
    (entry / "twins.json").write_text("no json")
    with open_twin(snapshot) as twin:
        assert twin.explain(TEXT) == expected
    assert len(builds) == 3


def test_only_the_twins_used_last_are_kept(folder: Path, snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "_MOST_TWINS", 2)
    for number in range(3):
        with open_twin(replace(snapshot, schema_sql=f"{snapshot.schema_sql}-- {number}")):
            pass
    kept = {entry.name for entry in folder.iterdir()}
    assert kept == {key_of(replace(snapshot, schema_sql=f"{snapshot.schema_sql}-- {number}"), 1) for number in (1, 2)}


# Where holes have to be found by reading, less of them.
@pytest.mark.parametrize(("can_seek", "far"), [(True, 1 << 33), (False, 1 << 28)])
def test_a_copy_keeps_holes_and_data(tmp_path: Path, can_seek: bool, far: int) -> None:
    source = tmp_path / "source"
    (source / "base").mkdir(parents=True)
    sparse = source / "base" / "1"
    with sparse.open("wb") as file:
        file.write(b"head")
        file.seek(far)
        file.write(b"tail")
        file.truncate(far + 100_000_000)
    (source / "empty").touch()
    (source / "postmaster.pid").touch()
    copy_cluster(source, tmp_path / "target", None, can_seek=can_seek)
    copied = tmp_path / "target" / "base" / "1"
    assert copied.stat().st_size == sparse.stat().st_size
    assert disk_bytes(tmp_path / "target") < 1 << 22
    with copied.open("rb") as file:
        assert file.read(4) == b"head"
        file.seek(far)
        assert file.read(5) == b"tail\0"
    assert {path.name for path in (tmp_path / "target").iterdir()} == {"base", "empty"}


def test_a_link_in_a_cluster_is_not_copied(tmp_path: Path) -> None:
    """The server that wrote it may be hostile, and we may read more than it."""
    source = tmp_path / "source"
    (source / "base").mkdir(parents=True)
    (tmp_path / "secret").write_text("ours")
    (source / "base" / "1").symlink_to(tmp_path / "secret")
    with pytest.raises(OSError, match="symbolic links"):
        copy_cluster(source, tmp_path / "target", None)
    (source / "base" / "1").unlink()
    (source / "base" / "2").symlink_to(tmp_path)
    copy_cluster(source, tmp_path / "other", None)
    assert list((tmp_path / "other" / "base").iterdir()) == []
