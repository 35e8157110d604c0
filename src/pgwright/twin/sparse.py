"""Copies of a cluster's directory in which a file's holes stay holes."""

from __future__ import annotations

import errno
import os
import pwd
import re
import subprocess
from contextlib import suppress
from pathlib import Path

from pgwright.embedded import binaries

_CHUNK = 1 << 20
# It names a process and a socket of the server that wrote it.
_OF_PROCESS = {"postmaster.pid", "postmaster.opts"}


def copy_cluster(source: Path, target: Path, owner: str | None) -> None:
    """Copy a stopped cluster. `owner`: the system user whose it is to be; None: ours. Raises OSError."""
    known = None if owner is None else pwd.getpwnam(owner)
    log = _log_in_use(source)
    for folder, _, files in os.walk(source):
        here = os.path.normpath(os.path.join(target, os.path.relpath(folder, source)))
        os.mkdir(here, mode=0o700)
        for name in files:
            is_old_log = os.path.basename(folder) == "pg_wal" and log is not None and name != log
            if name not in _OF_PROCESS and not is_old_log:
                _copy(os.path.join(folder, name), os.path.join(here, name), known)
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


def _copy(source: str, target: str, owner: pwd.struct_passwd | None) -> None:
    read = os.open(source, os.O_RDONLY)
    try:
        written = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            _copy_data(read, written)
            if owner is not None:
                os.fchown(written, owner.pw_uid, owner.pw_gid)
        finally:
            os.close(written)
    finally:
        os.close(read)


def _copy_data(read: int, written: int) -> None:
    size = os.fstat(read).st_size
    at = 0
    while at < size:
        try:
            at = os.lseek(read, at, os.SEEK_DATA)
        except OSError as error:
            if error.errno != errno.ENXIO:
                raise
            break  # nothing but a hole is left
        end = os.lseek(read, at, os.SEEK_HOLE)
        while at < end and (part := os.pread(read, min(_CHUNK, end - at), at)):
            at += os.pwrite(written, part, at)
    os.ftruncate(written, size)
