"""Built twins, kept by their content, so that a second command on the same snapshot starts at once.

An entry is the directory of a stopped server, named by a hash of all that went into it. Commands work on copies, so
that none disturbs another. It holds the schema and the statistics, whose sample values are data: the folder is closed
to other users, and `PGWRIGHT_CACHE=off` keeps nothing. What cannot be read or written costs the time of building.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgspec

from pgwright.embedded import Programs
from pgwright.files import cache_folder
from pgwright.model.not_examined import NotExamined
from pgwright.model.snapshot import Snapshot
from pgwright.twin.collation import named_of_icu
from pgwright.twin.needed_schema import needed_tables
from pgwright.twin.sparse import copy_cluster, disk_bytes

_MOST_TWINS = 8
_MOST_BYTES = 1 << 30
# A command that was killed while it wrote leaves its folder behind; after so long nobody is writing there any more.
_ABANDONED_SECONDS = 3600.0
_STAGING = "writing-"


Databases = tuple[tuple[str, tuple[NotExamined, ...]], ...]
"""The twins in a cluster: the name of each one's database, and what was left out of it."""


class TwinCache:
    """The user's folder of twins."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def fetch(self, key: str, home: Path, owner: str | None) -> Databases | None:
        """Copy a cluster to `home/data`; None when there is none, or it cannot be read."""
        entry = self._folder / key
        try:
            twins = msgspec.json.decode((entry / "twins.json").read_bytes(), type=Databases)
            os.utime(entry)  # used last
            copy_cluster(entry / "data", home / "data", owner)
        except (OSError, msgspec.DecodeError):
            shutil.rmtree(home / "data", ignore_errors=True)
            return None
        return twins

    def store(self, key: str, home: Path, twins: Databases) -> None:
        """Keep a copy of the stopped cluster in `home/data`; whole, or not at all."""
        with suppress(OSError):
            staging = Path(tempfile.mkdtemp(prefix=_STAGING, dir=self._folder))
            try:
                copy_cluster(home / "data", staging / "data", None)
                (staging / "twins.json").write_bytes(msgspec.json.encode(twins))
                staging.rename(self._folder / key)  # refused when another command was faster
            finally:
                shutil.rmtree(staging, ignore_errors=True)
            self._make_room()

    def discard(self, key: str) -> None:
        """Forget a twin that turned out to be of no use."""
        shutil.rmtree(self._folder / key, ignore_errors=True)

    def _make_room(self) -> None:
        by_age = sorted(self._folder.iterdir(), key=lambda entry: -entry.stat().st_mtime)
        kept = 0
        for number, entry in enumerate(one for one in by_age if not one.name.startswith(_STAGING)):
            kept += disk_bytes(entry)
            if number and (number >= _MOST_TWINS or kept > _MOST_BYTES):
                shutil.rmtree(entry, ignore_errors=True)
        for entry in by_age:
            if entry.name.startswith(_STAGING) and time.time() - entry.stat().st_mtime > _ABANDONED_SECONDS:
                shutil.rmtree(entry, ignore_errors=True)


def open_cache() -> TwinCache | None:
    """Return the user's cache; None when it is switched off or cannot be had for ourselves alone."""
    folder = cache_folder("twins")
    return TwinCache(folder) if folder is not None else None


def content_key(snapshot: Snapshot, count: int, programs: Programs) -> str:
    """Return a hash of all that so many built twins depend on: what is read for them, the server, and the code."""
    digest = hashlib.sha256(bytes([count]))
    for part in _content(snapshot, programs):
        digest.update(part)
        digest.update(b"\0")
    return digest.hexdigest()[:32]


def _content(snapshot: Snapshot, programs: Programs) -> Iterator[bytes]:
    yield f"{programs.version} {programs.folder}".encode()
    for path in sorted(one for one in Path(__file__).parent.rglob("*") if one.suffix in (".py", ".sql")):
        yield path.read_bytes()
    server = snapshot.server
    needed = needed_tables(snapshot)
    yield snapshot.schema_sql.encode()
    yield msgspec.json.encode(
        (
            (server.collation, server.locale_provider, server.locale),
            None if needed is None else sorted(map(str, needed)),
            [
                (one.name, one.columns, one.pages, one.analyzed_pages, one.row_estimate, one.all_visible_pages)
                for one in snapshot.tables
            ],
            [
                (one.name, one.definition, one.pages, one.analyzed_pages, one.row_estimate, one.tree_height)
                for one in snapshot.indexes
            ],
            [one.name for one in snapshot.tables if one.has_row_security],
            snapshot.statistics,
            snapshot.extended_statistics,
            snapshot.roles,
            named_of_icu(one.text for one in snapshot.statements),
        )
    )
