"""Whether somebody else could put programs of his own in a place: by a folder, a file, or a link on the way to it."""

from __future__ import annotations

import errno
import grp
import os
import pwd
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

_MOST_LINKS = 40  # as Linux has it
_ADMIN_OF_MACOS = 80  # may become root at any time; Homebrew's folders are open to it


def open_to_others(folder: Path) -> Path | None:
    """Return what others may write to, on the way to a folder of programs, in it, or in its libraries and data.

    Raises: OSError: a part of it is not there, or not ours to see.
    """
    for step in _followed(folder):
        if is_open(step):
            return step
    here = folder.resolve()
    if is_open(here, is_sticky_enough=False):
        return here
    for path in (here / "postgres", here / "initdb", *_loaded(here.parent)):
        if not path.is_symlink() and is_open(path, is_sticky_enough=False):
            return path
        if path.is_symlink():
            for step in _followed(path):
                if is_open(step):
                    return step
    return None


def is_open(path: Path, *, is_sticky_enough: bool = True) -> bool:
    """Tell whether others may write to a path, or change what it stands for; a link is looked at itself.

    Args:
        is_sticky_enough: in a sticky folder, as /tmp is, others may add files, but not replace ours.
    """
    found = path.lstat()
    if found.st_uid not in (0, os.geteuid()):
        return True
    if stat.S_ISLNK(found.st_mode):
        return False
    is_shared = bool(found.st_mode & stat.S_IWGRP) and not _is_ours(found.st_gid)
    may_write = bool(found.st_mode & stat.S_IWOTH) or is_shared
    is_sticky = stat.S_ISDIR(found.st_mode) and bool(found.st_mode & stat.S_ISVTX)
    return may_write and not (is_sticky and is_sticky_enough)


def _followed(path: Path) -> Iterator[Path]:
    """Yield all that is passed when a path is followed: folders, links, and where these lead, up to the end."""
    at, links = Path("/"), 0
    ahead = [*reversed(path.absolute().parts[1:])]
    yield at
    while ahead:
        part = ahead.pop()
        at = at.parent if part == ".." else at / part
        yield at
        if at.is_symlink():
            links += 1
            if links > _MOST_LINKS:
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
            target = at.readlink()
            ahead += reversed(target.parts[1:] if target.is_absolute() else target.parts)
            at = Path("/") if target.is_absolute() else at.parent


def _loaded(installed: Path) -> Iterator[Path]:
    """Yield what a server loads and reads, where its folder stands beside that of its programs.

    Of a folder that others share, as /usr/lib, what is PostgreSQL's.
    """
    for name in ("lib", "lib64", "share", f"../{installed.name}.libs", f"../../{installed.parent.name}.libs"):
        folder = installed / name
        if folder.exists():
            yield folder
            for path in folder.iterdir():
                if path.exists():
                    yield path
                if path.is_dir() and path.name.startswith(("postgresql", "extension")):
                    yield from (below for below in path.rglob("*") if below.exists())


def _is_ours(group: int) -> bool:
    """Tell whether a group is root's, or our own one, which holds nobody else."""
    if group == 0 or (sys.platform == "darwin" and group == _ADMIN_OF_MACOS):
        return True
    try:
        known, user = grp.getgrgid(group), pwd.getpwuid(os.geteuid())
    except KeyError:
        return False
    return known.gr_gid == user.pw_gid and known.gr_name == user.pw_name and set(known.gr_mem) <= {user.pw_name}
