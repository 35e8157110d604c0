"""Calls of the Linux kernel that Python has no function for."""

from __future__ import annotations

import ctypes
import os
import sys

_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None

NO_NEW_PRIVILEGES, DEATH_SIGNAL, DUMPABLE, SECCOMP = 38, 1, 4, 22


def prctl(option: int, *arguments: int) -> None:
    """Raises OSError."""
    _succeed("prctl", option, *(ctypes.c_ulong(one) for one in (*arguments, 0, 0, 0, 0)[:4]))


def unshare(flags: int) -> None:
    """Raises OSError."""
    _succeed("unshare", flags)


def syscall(number: int, *arguments: object) -> int:
    """Call what libc has no function for; arguments are ctypes' or int. Raises OSError."""
    return _succeed("syscall", ctypes.c_long(number), *arguments)


def _succeed(function: str, *arguments: object) -> int:
    if _libc is None:
        raise OSError(0, f"{sys.platform} is not Linux")
    answer: int = _libc[function](*arguments)
    if answer < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return answer
