"""Files that appear whole or not at all, and that only their owner reads where values of columns are in them."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from pgwright.visible import visible


def write_text(path: Path, text: str, *, is_private: bool) -> None:
    """Write text as UTF-8; hidden characters are spelled out. Raises OSError."""
    write_bytes(path, visible(text).encode(), is_private=is_private)


def write_bytes(path: Path, data: bytes, *, is_private: bool) -> None:
    """Write a file; one that is there is replaced, and its mode with it.

    Args:
        is_private: only the owner may read it, from the first byte; else the process's mask says who may.
    Raises: OSError.
    """
    if path.exists() and not path.is_file():  # /dev/stdout, a pipe
        path.write_bytes(data)
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
