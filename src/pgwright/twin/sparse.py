"""Copies of a cluster's directory in which a file's holes stay holes."""

from __future__ import annotations

import errno
import os
import pwd
import re
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from pgwright.embedded import binaries, open_regular

_CHUNK = 1 << 20
_ZEROS = bytes(_CHUNK)
_UNSUPPORTED = {errno.EINVAL, errno.ENOTTY, errno.ENOTSUP}
# It names a process and a socket of the server that wrote it.
_OF_PROCESS = {"postmaster.pid", "postmaster.opts"}


def copy_cluster(source: Path, target: Path, owner: str | None, *, can_seek: bool = hasattr(os, "SEEK_DATA")) -> None:
    """Copy a stopped cluster, which holds folders and regular files only; with a link or a pipe in it, it is refused.

    Args:
        owner: the system user whose it is to be; None: ours.
        can_seek: whether to ask the system where the holes are; without that, everything is read.
    Raises: OSError.
    """
    known = None if owner is None else pwd.getpwnam(owner)
    log = _log_in_use(source)
    for folder, _, files, descriptor in os.fwalk(source):
        here = os.path.normpath(os.path.join(target, os.path.relpath(folder, source)))
        os.mkdir(here, mode=0o700)
        for name in files:
            is_old_log = os.path.basename(folder) == "pg_wal" and log is not None and name != log
            if name not in _OF_PROCESS and not is_old_log:
                _copy(name, descriptor, os.path.join(here, name), known, can_seek=can_seek)
        if known is not None:
            os.chown(here, known.pw_uid, known.pw_gid)


def _log_in_use(cluster: Path) -> str | None:
    """Return the one file of the write-ahead log that a stopped cluster starts from; the others are spare."""
    command = [str(binaries() / "pg_controldata"), str(cluster)]
    said = subprocess.run(command, capture_output=True, text=True, check=False, env={"LC_ALL": "C"}).stdout
    found = re.search(r"^Database cluster state: +shut down$.*REDO WAL file: +(\w+)$", said, re.MULTILINE | re.DOTALL)
    return found[1] if found else None


def disk_bytes(folder: Path) -> int:
    """Return what a folder takes on disk, holes not counted; what vanishes meanwhile counts nothing."""
    total = 0
    for here, _, files in os.walk(folder):
        for name in files:
            with suppress(FileNotFoundError):
                total += (Path(here) / name).stat().st_blocks * 512
    return total


def _copy(name: str, folder: int, target: str, owner: pwd.struct_passwd | None, *, can_seek: bool) -> None:
    read = open_regular(name, folder=folder)
    try:
        written = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            _copy_data(read, written, can_seek=can_seek)
            if owner is not None:
                os.fchown(written, owner.pw_uid, owner.pw_gid)
        finally:
            os.close(written)
    finally:
        os.close(read)


def _copy_data(read: int, written: int, *, can_seek: bool) -> None:
    size = os.fstat(read).st_size
    for start, end in _data_ranges(read, size) if can_seek else [(0, size)]:
        at = start
        while at < end and (part := os.pread(read, min(_CHUNK, end - at), at)):
            # Zeros that are stored, or read because the file system does not tell its holes, become a hole, too.
            at += len(part) if part == _ZEROS[: len(part)] else os.pwrite(written, part, at)
    os.ftruncate(written, size)


def _data_ranges(descriptor: int, size: int) -> Iterator[tuple[int, int]]:
    """Yield where a file holds data: from, and up to."""
    end = 0
    while end < size:
        try:
            start = os.lseek(descriptor, end, os.SEEK_DATA)
            end = os.lseek(descriptor, start, os.SEEK_HOLE)
        except OSError as error:
            if error.errno == errno.ENXIO:  # nothing but a hole is left
                return
            if error.errno not in _UNSUPPORTED:
                raise
            start, end = end, size
        yield start, end
