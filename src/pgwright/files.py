"""Files that appear whole or not at all, and that only their owner reads where values of columns are in them."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from pathlib import Path

from pgwright.visible import visible

_CACHE_SWITCH = "PGWRIGHT_CACHE"


def from_here(path: Path) -> Path:
    """Return a path as people in the working directory write it."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def cache_folder(name: str) -> Path | None:
    """Return a folder of the user's cache; None when it is switched off or cannot be had for ourselves alone."""
    if os.environ.get(_CACHE_SWITCH, "").lower() in ("off", "0", "no", "false"):
        return None
    try:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        folder = base / "pgwright" / name
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.stat()
    except (OSError, RuntimeError):  # no home
        return None
    return folder if found.st_uid == os.geteuid() and not stat.S_IMODE(found.st_mode) & 0o077 else None


def write_text(path: Path, text: str, *, is_private: bool) -> None:
    """Write text as UTF-8; hidden characters are spelled out. Raises OSError."""
    write_bytes(path, visible(text).encode(), is_private=is_private)


def write_bytes(path: Path, data: bytes, *, is_private: bool) -> None:
    """Write a file; one that is there is replaced, and its mode with it. Into a pipe or a device it is written.

    So it is into standard output, wherever that goes: `/dev/stdout` is a link, and to be left alone.

    Args:
        is_private: only the owner may read it, from the first byte; else the process's mask says who may.
    Raises: OSError; PermissionError: private, and somebody else would read it.
    """
    if path.exists() and (stream := _stream(path.stat())) is not None and path.is_file():
        _append(stream, data, is_private=is_private)
        return
    if path.exists() and not path.is_file():
        _write_into(path, data, is_private=is_private)
        return
    handle, staging = tempfile.mkstemp(dir=path.absolute().parent, prefix=f".{path.name[:100]}.")  # with mode 600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        if not is_private:
            mask = os.umask(0)
            os.umask(mask)
            os.chmod(staging, 0o666 & ~mask)
        os.replace(staging, path)
    except BaseException:
        Path(staging).unlink(missing_ok=True)
        raise


def _write_into(path: Path, data: bytes, *, is_private: bool) -> None:
    """Write to what is no regular file: `/dev/stdout`, a pipe."""
    if is_private:  # before it is opened, too: that waits for whoever reads
        _require_ours(path.stat())
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_NOCTTY), "wb") as file:  # never made, should it be gone
        if is_private:
            _require_ours(os.fstat(file.fileno()))
        file.write(data)


def _require_ours(found: os.stat_result) -> None:
    """Raise PermissionError unless it is ours, root's (a device) or one of our standard streams."""
    is_ours = found.st_uid in (0, os.geteuid()) or any(_is_same(found, number) for number in (0, 1, 2))
    if not is_ours or stat.S_ISREG(found.st_mode):
        raise PermissionError(errno.EPERM, "it belongs to somebody else, who could read values of columns")


def _append(stream: int, data: bytes, *, is_private: bool) -> None:
    """Write to a standard stream that goes into a file, where that stands."""
    if is_private and os.fstat(stream).st_mode & 0o077:
        raise PermissionError(errno.EPERM, "others may read it, and values of columns are in it: name a file")
    with os.fdopen(os.dup(stream), "wb") as file:
        file.write(data)


def _stream(found: os.stat_result) -> int | None:
    """Return the descriptor of standard output or error where this is it."""
    return next((number for number in (1, 2) if _is_same(found, number)), None)


def _is_same(found: os.stat_result, descriptor: int) -> bool:
    try:
        return os.path.samestat(found, os.fstat(descriptor))
    except OSError:  # closed
        return False
