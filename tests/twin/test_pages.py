from __future__ import annotations

from pathlib import Path

import pytest

from pgwright.errors import TwinError
from pgwright.model.table import PAGE_BYTES
from pgwright.twin.pages import extend, write_btree


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "base" / "5" / "16384"
    path.parent.mkdir(parents=True)
    path.touch()
    return path


def test_file_is_as_long_as_told_and_takes_no_disk(file: Path) -> None:
    extend(file, 100_000)
    assert file.stat().st_size == 100_000 * PAGE_BYTES
    assert file.stat().st_blocks * 512 < 100 * PAGE_BYTES


def test_large_relation_is_cut_into_segments_and_a_smaller_one_drops_them(file: Path) -> None:
    extend(file, 2 * 131_072 + 5)
    segments = [file, file.with_name("16384.1"), file.with_name("16384.2")]
    assert [one.stat().st_size // PAGE_BYTES for one in segments] == [131_072, 131_072, 5]
    extend(file, 7)
    assert file.stat().st_size == 7 * PAGE_BYTES
    assert [one.exists() for one in segments] == [True, False, False]


@pytest.mark.parametrize(("pages", "height", "length"), [(1, 0, 2), (1, 3, 5), (5, 3, 5), (50, 3, 50)])
def test_btree_is_never_shorter_than_its_height_needs(file: Path, pages: int, height: int, length: int) -> None:
    """A metapage, and one page for each level from the root to the leaf."""
    write_btree(file, pages, height)
    assert file.stat().st_size == length * PAGE_BYTES


def test_a_link_in_the_place_of_a_file_or_folder_is_not_followed(file: Path, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("whole")
    file.unlink()
    file.symlink_to(precious)
    with pytest.raises(TwinError, match="symbolic links"):
        extend(file, 1)
    elsewhere = tmp_path / "elsewhere"
    file.unlink()
    file.parent.rename(elsewhere)
    (elsewhere / file.name).write_text("whole")
    file.parent.symlink_to(elsewhere)
    with pytest.raises(TwinError, match="Not a directory"):
        write_btree(file, 1, 0)
    assert precious.read_text() == (elsewhere / file.name).read_text() == "whole"


@pytest.mark.parametrize("path", ["/etc/passwd", "base/5/../../precious", "base/5/precious"])
def test_a_path_that_is_no_relations_is_refused(tmp_path: Path, path: str) -> None:
    """The server says where its files are."""
    with pytest.raises(TwinError, match="no file of a relation"):
        extend(tmp_path / path, 0)
