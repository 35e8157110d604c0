"""Write edited files: each whole or not at all, and none where one of them changed meanwhile."""

from __future__ import annotations

import codecs
import stat
from collections.abc import Iterable

from pgwright.errors import ConfigError
from pgwright.files import write_bytes
from pgwright.model.patch import FileEdit


def write_edits(edits: Iterable[FileEdit]) -> None:
    """Write files, with the mode and the mark of the byte order that they have.

    Raises: ConfigError: a file is another one than when it was read. OSError.
    """
    edits = tuple(edits)
    require_unchanged(edits)
    for edit in edits:
        mode = stat.S_IMODE(edit.path.stat().st_mode)
        write_bytes(edit.path, _mark(edit.path.read_bytes()) + edit.after.encode(), is_private=False)
        edit.path.chmod(mode)


def require_unchanged(edits: Iterable[FileEdit]) -> None:
    """Raise ConfigError when a file is another one than when it was read."""
    for edit in edits:
        now = edit.path.read_bytes()
        if now != _mark(now) + edit.before.encode():
            raise ConfigError(f"{edit.path} changed while the fix was made. Nothing was written; run it again.")


def _mark(content: bytes) -> bytes:
    return codecs.BOM_UTF8 if content.startswith(codecs.BOM_UTF8) else b""
