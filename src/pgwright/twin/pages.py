"""Relation files that look full: sparse, with just the pages that the planner opens.

The planner multiplies row density by the size of the file, so an empty relation is extended by truncation, which uses
no disk. Of a B-tree it also opens the metapage, for the height, and may walk down to a leaf to look for the column's
extremes; so a chain of one page a level is written, its leaf empty, and the probe falls back to the histogram.

Page layout: src/include/storage/bufpage.h and src/include/access/nbtree.h of PostgreSQL 18.
"""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import count
from pathlib import Path

from pgwright.embedded import open_regular
from pgwright.errors import TwinError
from pgwright.model.table import PAGE_BYTES

_SEGMENT_PAGES = 131_072  # RELSEG_SIZE: a relation is cut into files of 1 GiB
_HEADER_BYTES = 24
_SPECIAL_BYTES = 16
_SPECIAL = PAGE_BYTES - _SPECIAL_BYTES
_LEAF, _ROOT, _META = 1, 2, 8
_MAGIC, _VERSION = 0x053162, 4
_PIVOT_BYTES = 8
_ALTERNATIVE_TID = 0x2000
_RELATION = re.compile(r"base/[0-9]+/[0-9]+")


def relation_file(data: Path, path: str) -> Path:
    """Return the file below a data directory that the server names as a relation's.

    Raises: TwinError: a relation has no such file. The server may be hostile, and an absolute path would leave `data`.
    """
    if not _RELATION.fullmatch(path):
        raise TwinError(f"no file of a relation: {path!r}")
    return data / path


def extend(path: Path, pages: int) -> None:
    """Make a relation's files as long as `pages`, keeping what the first one holds.

    Raises: TwinError: it is no file of a relation, or a link, pipe or folder was put in its place.
    """
    with _folder(path) as folder:
        _extend(path.name, pages, folder)


def rename(path: Path, name: str) -> Path:
    """Give a relation's first file another name; return its new path. Raises TwinError, as `extend` does."""
    new = path.with_name(name)
    with _folder(path) as folder, _folder(new):
        try:
            os.rename(path.name, name, src_dir_fd=folder, dst_dir_fd=folder)
        except FileNotFoundError as error:
            raise TwinError(f"a file of the twin is not there: {error}") from error
    return new


def write_btree(path: Path, pages: int, height: int, *, all_equal_image: bool = True) -> None:
    """Give a B-tree's file its size and height: a metapage and one page a level, the root first, the leaf empty.

    Where the pages are fewer than that, the file becomes as long as it needs.
    """
    chain = [_metapage(root=1, level=height, all_equal_image=all_equal_image)]
    for level in range(height, -1, -1):
        block = len(chain)
        flags = (_ROOT if level == height else 0) | (_LEAF if level == 0 else 0)
        chain.append(_page(level, flags, child=block + 1 if level else None))
    with _folder(path) as folder:
        _extend(path.name, pages, folder)
        with _file(path.name, folder) as descriptor:
            os.pwrite(descriptor, b"".join(chain), 0)


def _extend(name: str, pages: int, folder: int) -> None:
    full, rest = divmod(pages, _SEGMENT_PAGES)
    lengths = [_SEGMENT_PAGES] * full + [rest]
    for number, length in enumerate(lengths):
        with _file(f"{name}.{number}" if number else name, folder) as descriptor:
            os.ftruncate(descriptor, length * PAGE_BYTES)
    for number in count(len(lengths)):
        try:
            os.unlink(f"{name}.{number}", dir_fd=folder)
        except FileNotFoundError:
            break


@contextmanager
def _folder(path: Path) -> Iterator[int]:
    """Open the folder of a relation's file step by step: the server may be hostile, and we are not confined."""
    *_, base, database, name = path.parts
    if not _RELATION.fullmatch(f"{base}/{database}/{name}"):
        raise TwinError(f"no file of a relation: {str(path)!r}")
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
    with ExitStack() as stack:
        folder: int | None = None
        for step in (str(path.parents[3]), *path.parts[-4:-1]):
            folder = _opened(partial(os.open, step, flags, dir_fd=folder))
            stack.callback(os.close, folder)
        assert folder is not None
        yield folder


@contextmanager
def _file(name: str, folder: int) -> Iterator[int]:
    descriptor = _opened(partial(open_regular, name, os.O_RDWR | os.O_CREAT, folder=folder))
    try:
        if os.geteuid() == 0:
            owner = os.fstat(folder)
            os.fchown(descriptor, owner.st_uid, owner.st_gid)
        yield descriptor
    finally:
        os.close(descriptor)


def _opened(attempt: Callable[[], int]) -> int:
    try:
        return attempt()
    except OSError as error:
        raise TwinError(f"a file of the twin cannot be opened: {error}") from error


def _metapage(root: int, level: int, *, all_equal_image: bool) -> bytes:
    # magic, version, root, level, fast root, fast level, deleted pages, (padding), heap tuples (unused), equal image
    meta = struct.pack("<IIIIIIIxxxxd?", _MAGIC, _VERSION, root, level, root, level, 0, -1.0, all_equal_image)
    lower = _HEADER_BYTES + len(meta)
    body = meta.ljust(_SPECIAL - _HEADER_BYTES, b"\0")
    return _header(lower, _SPECIAL) + body + _special(0, _META)


def _page(level: int, flags: int, child: int | None) -> bytes:
    if child is None:
        body = bytes(_SPECIAL - _HEADER_BYTES)
        return _header(_HEADER_BYTES, _SPECIAL) + body + _special(level, flags)
    # One downlink with no key: minus infinity, so every search goes down here.
    offset = _SPECIAL - _PIVOT_BYTES
    pointer = struct.pack("<I", offset | 1 << 15 | _PIVOT_BYTES << 17)
    pivot = struct.pack("<HHHH", child >> 16, child & 0xFFFF, 0, _PIVOT_BYTES | _ALTERNATIVE_TID)
    gap = bytes(offset - _HEADER_BYTES - len(pointer))
    return _header(_HEADER_BYTES + len(pointer), offset) + pointer + gap + pivot + _special(level, flags)


def _header(lower: int, upper: int) -> bytes:
    # lsn, checksum, flags, lower, upper, special, size | layout version 4, prune xid
    return struct.pack("<QHHHHHHI", 0, 0, 0, lower, upper, _SPECIAL, PAGE_BYTES | 4, 0)


def _special(level: int, flags: int) -> bytes:
    return struct.pack("<IIIHH", 0, 0, level, flags, 0)
