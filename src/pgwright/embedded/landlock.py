"""Landlock: which files a process and its children may read, write and execute, whatever their user may.

Source: the kernel's Documentation/userspace-api/landlock.rst and include/uapi/linux/landlock.h.
"""

from __future__ import annotations

import ctypes
import os
import stat
import struct
from collections.abc import Iterable
from pathlib import Path

from pgwright.embedded import kernel

_CREATE, _ADD, _RESTRICT = 444, 445, 446  # the same on every architecture
_VERSION = 1
_PATH_BENEATH = 1

EXECUTE, WRITE, READ, LIST = (1 << bit for bit in range(4))
_REMOVE = 0b11 << 4
_MAKE_FOLDER, _MAKE_FILE, _MAKE_SOCKET = 1 << 7, 1 << 8, 1 << 9
_RENAME_ACROSS, _TRUNCATE, _DEVICE_IOCTL = 1 << 13, 1 << 14, 1 << 15
_OF_FILES = EXECUTE | WRITE | READ | _TRUNCATE | _DEVICE_IOCTL
# No symbolic links, pipes and devices: whoever cleans up or copies the folder afterwards has more rights than it.
OWN = WRITE | READ | LIST | _REMOVE | _MAKE_FOLDER | _MAKE_FILE | _MAKE_SOCKET | _RENAME_ACROSS | _TRUNCATE

# Rights that each version of the interface added, as bits of three words: files, TCP, scopes.
_FILES = {1: 0x1FFF, 2: _RENAME_ACROSS, 3: _TRUNCATE, 5: _DEVICE_IOCTL}
_TCP = {4: 0b11}  # bind, connect
_SCOPES = {6: 0b11}  # abstract sockets and signals stay among ourselves


def make_ruleset(rules: Iterable[tuple[Path, int]]) -> int:
    """Return the descriptor of a ruleset that allows these rights beneath these paths, and nothing else.

    Paths that are not there are left out, and rights that the kernel does not know. Raises OSError: no Landlock.
    """
    version = kernel.syscall(_CREATE, None, ctypes.c_size_t(0), _VERSION)
    files, tcp, scopes = (_known(rights, version) for rights in (_FILES, _TCP, _SCOPES))
    words = [files, *([tcp] if tcp else []), *([scopes] if scopes else [])]
    attributes = struct.pack(f"={len(words)}Q", *words)
    ruleset = kernel.syscall(_CREATE, attributes, ctypes.c_size_t(len(attributes)), 0)
    try:
        for path, rights in rules:
            _allow(ruleset, path, rights & files)
    except BaseException:
        os.close(ruleset)
        raise
    return ruleset


def restrict(ruleset: int) -> None:
    """Hold this process to a ruleset for ever; it has given up new privileges before. Raises OSError."""
    kernel.syscall(_RESTRICT, ruleset, 0)


def _allow(ruleset: int, path: Path, rights: int) -> None:
    try:
        beneath = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return
    try:
        if not stat.S_ISDIR(os.fstat(beneath).st_mode):
            rights &= _OF_FILES
        rule = struct.pack("=Qi", rights, beneath)
        kernel.syscall(_ADD, ruleset, _PATH_BENEATH, rule, 0)
    finally:
        os.close(beneath)


def _known(rights: dict[int, int], version: int) -> int:
    return sum(bits for since, bits in rights.items() if since <= version)
