"""A Snapshot in a file: JSON, compressed when the name ends in `.gz`. It holds no rows, but values of columns."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

import msgspec

from pgwright.errors import ConfigError, UnreadableSnapshot
from pgwright.files import write_bytes
from pgwright.model.snapshot import FORMAT, Snapshot
from pgwright.snapshot.soundness import faults
from pgwright.visible import visible, visible_json

_GZIP_MAGIC = b"\x1f\x8b"
# A database of 10,000 tables and 40,000 indexes takes 28 MB. A file that unpacks to more was made to fill the memory.
MOST_BYTES = 1 << 29
_NOT_DECODED = (msgspec.MsgspecError, ValueError, RecursionError, OverflowError, MemoryError, EOFError, zlib.error)


class _Header(msgspec.Struct):
    format: int


def save_snapshot(snapshot: Snapshot, path: str | Path) -> None:
    """Write a snapshot that only its owner reads; the file appears whole or not at all.

    Raises: ConfigError: the path cannot be written.
    """
    path = Path(path)
    data = visible_json(msgspec.json.encode(snapshot).decode()).encode()
    if path.suffix == ".gz":
        data = gzip.compress(data, compresslevel=6)
    try:
        write_bytes(path, data, is_private=True)
    except OSError as error:
        raise ConfigError(f"cannot write {str(path)!r}: {error.strerror}") from error


def load_snapshot(path: str | Path) -> Snapshot:
    """Read a snapshot back. Raises UnreadableSnapshot: the file is damaged, edited, or none."""
    try:
        snapshot = _decoded(_read(Path(path)))
    except OSError as error:
        raise UnreadableSnapshot(str(path), error.strerror or str(error)) from error
    except _NOT_DECODED as error:
        raise UnreadableSnapshot(str(path), str(error) or type(error).__name__) from error
    if (fault := next(faults(snapshot), None)) is not None:
        raise UnreadableSnapshot(str(path), visible(fault))
    return snapshot


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        is_packed = file.read(len(_GZIP_MAGIC)) == _GZIP_MAGIC
        file.seek(0)
        data = (gzip.GzipFile(fileobj=file) if is_packed else file).read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise ValueError(f"it holds more than {MOST_BYTES >> 20} MB")
    return data


def _decoded(data: bytes) -> Snapshot:
    found = msgspec.json.decode(data, type=_Header).format
    if found != FORMAT:
        raise ValueError(f"it has format {found}, this pgwright reads {FORMAT}")
    return msgspec.json.decode(data, type=Snapshot)
