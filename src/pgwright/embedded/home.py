"""Folders of throw-away servers: locked while anybody lives in them, and removed afterwards, also by a later run."""

from __future__ import annotations

import fcntl
import os
import pwd
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pgwright.embedded.programs import SYSTEM_USER

_PREFIX = "pgwright-server-"
_NAME = re.compile(re.escape(_PREFIX) + r"\w{8}")  # as mkdtemp makes them
_CONTENT = re.compile(r"data|log|\.s\.PGSQL\.\d+(\.lock)?")


@contextmanager
def temporary_home() -> Iterator[Path]:
    """Give a folder for a server, which is gone afterwards; remove those that killed runs left behind."""
    _remove_abandoned()
    home, held = _made()
    try:
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)
        os.close(held)


@contextmanager
def lock(home: Path) -> Iterator[int]:
    """Give a descriptor that keeps a folder from being removed while any process has it, as a program that inherits it.

    Raises: OSError.
    """
    descriptor = _locked(home)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _locked(home: Path) -> int:
    descriptor = os.open(home, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    with suppress(OSError):  # a file system without locks: there, nothing is removed either
        fcntl.flock(descriptor, fcntl.LOCK_SH)
    return descriptor


def _made() -> tuple[Path, int]:
    while True:
        home = Path(tempfile.mkdtemp(prefix=_PREFIX))
        with suppress(FileNotFoundError):  # another run took it for abandoned, before it was locked
            held = _locked(home)
            if _is_at(home, held):
                return home, held
            os.close(held)


def _is_at(home: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(home.lstat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _remove_abandoned() -> None:
    """Remove what is provably a server's folder of ours, and nobody's any more: no process holds its lock."""
    owners = {os.geteuid()}
    if os.geteuid() == 0:
        with suppress(KeyError):
            owners.add(pwd.getpwnam(SYSTEM_USER).pw_uid)
    with suppress(OSError):
        for entry in os.scandir(tempfile.gettempdir()):
            if _NAME.fullmatch(entry.name):
                with suppress(OSError):
                    _remove_if_abandoned(Path(entry.path), owners)


def _remove_if_abandoned(home: Path, owners: set[int]) -> None:
    descriptor = os.open(home, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        if os.fstat(descriptor).st_uid in owners and all(_CONTENT.fullmatch(name) for name in os.listdir(descriptor)):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(home, ignore_errors=True)
    finally:
        os.close(descriptor)
