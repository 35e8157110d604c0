"""A Snapshot in a file: JSON, compressed when the name ends in `.gz`. It holds no rows."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path

import msgspec

from pgwright.errors import ConfigError, UnreadableSnapshot
from pgwright.model.snapshot import FORMAT, Snapshot

_GZIP_MAGIC = b"\x1f\x8b"


class _Header(msgspec.Struct):
    format: int


def save_snapshot(snapshot: Snapshot, path: str | Path) -> None:
    """Write a snapshot; the file appears whole or not at all. Raises ConfigError: the path cannot be written."""
    path = Path(path)
    data = msgspec.json.encode(snapshot)
    if path.suffix == ".gz":
        data = gzip.compress(data, compresslevel=6)
    staging = path.with_name(path.name + ".partial")
    try:
        staging.write_bytes(data)
        staging.replace(path)
    except OSError as error:
        raise ConfigError(f"cannot write {str(path)!r}: {error.strerror}") from error
    finally:
        staging.unlink(missing_ok=True)


def load_snapshot(path: str | Path) -> Snapshot:
    """Read a snapshot back. Raises UnreadableSnapshot."""
    try:
        data = Path(path).read_bytes()
        if data.startswith(_GZIP_MAGIC):
            data = gzip.decompress(data)
        header = msgspec.json.decode(data, type=_Header)
    except OSError as error:
        raise UnreadableSnapshot(str(path), error.strerror or str(error)) from error
    except (msgspec.DecodeError, EOFError, zlib.error) as error:
        raise UnreadableSnapshot(str(path), str(error)) from error
    if header.format != FORMAT:
        raise UnreadableSnapshot(str(path), f"it has format {header.format}, this pgwright reads {FORMAT}")
    try:
        snapshot = msgspec.json.decode(data, type=Snapshot)
    except msgspec.DecodeError as error:
        raise UnreadableSnapshot(str(path), str(error)) from error
    if (lost := next(_dangling(snapshot), None)) is not None:
        raise UnreadableSnapshot(str(path), f"it names {lost}, which it does not describe")
    return snapshot


def _dangling(snapshot: Snapshot) -> Iterator[str]:
    """Yield the columns and tables that an edited file refers to without holding them."""
    used = [(index.table, (*index.definition.columns, *index.definition.include)) for index in snapshot.indexes]
    used += [(key.table, key.columns) for key in snapshot.foreign_keys]
    used += [(key.referenced_table, key.referenced_columns) for key in snapshot.foreign_keys]
    used += [
        (one.table, (one.column,)) for one in snapshot.sequences if one.table is not None and one.column is not None
    ]
    used += [(one.name, one.primary_key) for one in snapshot.tables]
    for name, columns in used:
        table = snapshot.table_by_name.get(name)
        if table is None:
            yield f"the table {name.short}"
        else:
            yield from (f"{name.short} ({column})" for column in columns if column not in table.column_by_name)
