"""Files in the folder of a server, opened by us, who may do more than the server that could have put a link there."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path


def open_regular(path: str | Path, flags: int = os.O_RDONLY, *, folder: int | None = None) -> int:
    """Open a regular file that is no link, and return its descriptor.

    Args:
        flags: os.O_*; a file that is made is ours alone.
        folder: descriptor of the folder that a relative path starts from.
    Raises: OSError: there is none, or it is something else.
    """
    descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600, dir_fd=folder)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    return descriptor
