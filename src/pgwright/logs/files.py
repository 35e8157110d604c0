"""The files of a log: found in folders, unpacked, and read line by line, however large they are."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from io import BufferedReader
from pathlib import Path

from pgwright.errors import UnreadableLog
from pgwright.logs.entry import MOST_CHARACTERS

_GZIP = b"\x1f\x8b"
# Of the files of one time, the first that is there: with two destinations the server writes each message to both.
_BY_WORTH = (".json", ".csv", ".log")
_STEP_LINES = 5_000

Tell = Callable[[int], None]
Packed = BufferedReader | gzip.GzipFile


def find_files(paths: Iterable[Path]) -> tuple[Path, ...]:
    """Return the files, and those in the folders, in the order of their names.

    Raises: UnreadableLog: there is no such file or folder, it may not be read, or a folder holds no file.
    """
    found: dict[Path, None] = {}
    for path in paths:
        try:
            own = _in_folder(path) if path.is_dir() else [path]
            if not path.exists():
                raise UnreadableLog(str(path), "there is no such file")
        except OSError as error:
            raise UnreadableLog(str(path), error.strerror or type(error).__name__) from error
        if not own:
            raise UnreadableLog(str(path), "the folder holds no file")
        found.update(dict.fromkeys(own))
    return tuple(found)


def _in_folder(folder: Path) -> list[Path]:
    files = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    names = {path.name for path in files}
    return [path for path in files if not _has_better(path, names)]


def _has_better(path: Path, names: set[str]) -> bool:
    packed = path.name.removesuffix(".gz")
    suffix = Path(packed).suffix
    if suffix not in _BY_WORTH:
        return False
    stem = packed.removesuffix(suffix)
    better = _BY_WORTH[: _BY_WORTH.index(suffix)]
    return any(f"{stem}{one}{packing}" in names for one in better for packing in ("", ".gz"))


def size(path: Path) -> int:
    """Return the bytes of a file as it is stored; 0 where that cannot be told, as of a pipe."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def read_lines(path: Path, tell: Tell) -> Iterator[str]:
    """Yield the lines of a file, without line breaks; one that is too long is cut.

    A byte that is no UTF-8 becomes U+FFFD, and so does NUL; what is packed and damaged ends where the damage begins.

    Args:
        tell: told now and then how many bytes of the stored file are read.
    Raises: UnreadableLog.
    """
    with ExitStack() as stack:
        try:
            stored = stack.enter_context(path.open("rb"))
            file = _unpacked(stored)
            for count, line in enumerate(_pieces(file)):
                if count % _STEP_LINES == 0 and stored.seekable():
                    tell(stored.tell())
                yield line.rstrip(b"\r\n").decode("utf-8", "replace").replace("\0", "\ufffd")
        except (EOFError, zlib.error, gzip.BadGzipFile):
            yield "\ufffd"
        except OSError as error:
            raise UnreadableLog(str(path), error.strerror or type(error).__name__) from error


def _unpacked(stored: BufferedReader) -> Packed:
    return gzip.GzipFile(fileobj=stored) if stored.peek(2)[:2] == _GZIP else stored


def _pieces(file: Packed) -> Iterator[bytes]:
    is_rest = False
    while line := file.readline(MOST_CHARACTERS):
        if not is_rest:
            yield line
        is_rest = not line.endswith(b"\n")
