"""The process of the revisions, from outside: started, listened to, and ended when it says nothing for too long."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO, Literal

import msgspec

from pgwright.embedded.tether import Tether
from pgwright.observing.messages import Answer, ChildQuestion
from pgwright.visible import on_one_line

REVISION_SECONDS = 120.0
"""How long one function of a revision may take; no statement of it may take longer than 30 s."""
_RUN = "from pgwright.observing.child import main; main()"
_ERROR_BYTES = 2_000

Ending = Literal["", "silent", "died"]


class RevisionProcess:
    """One process with revisions."""

    def __init__(self, process: subprocess.Popen[bytes], reader: int, errors: Path, seconds: float) -> None:
        self._process, self._reader, self._errors, self._seconds = process, reader, errors, seconds
        self.ending: Ending = ""
        """How it ended where it did not by itself."""

    def answers(self) -> Iterator[Answer]:
        """Yield what it says, until it ends or says nothing for too long."""
        decoder: msgspec.json.Decoder[Answer] = msgspec.json.Decoder(Answer)
        held = b""
        deadline = time.monotonic() + self._seconds
        while True:
            ready, _, _ = select.select([self._reader], [], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                self.ending = "silent"
                return
            part = os.read(self._reader, 1 << 16)
            if not part:
                self.ending = "died" if self._process.wait() else ""
                return
            *lines, held = (held + part).split(b"\n")
            yield from (decoder.decode(line) for line in lines)
            deadline = time.monotonic() + self._seconds

    @property
    def why(self) -> str:
        """Why it ended, where it did not by itself."""
        if self.ending == "silent":
            return f"it took longer than {self._seconds:.0f} s"
        last = self._errors.read_bytes()[-_ERROR_BYTES:].decode("utf-8", "replace").strip().splitlines()
        words = on_one_line(last[-1]) if last else "it said nothing"
        return f"its process ended with code {self._process.returncode}: {words}"

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()


@contextmanager
def child_of(question: ChildQuestion, *, seconds: float) -> Iterator[RevisionProcess]:
    """Start a process with revisions, and end it on the way out.

    It has the environment of ours, for the app's settings may come from there, and nothing that leads outside.
    """
    asked = Path(question.folder, "question.json")
    asked.write_bytes(msgspec.json.encode(question))
    errors = Path(question.folder, "errors")
    reader, writer = os.pipe()
    tether = Tether(ends_by=signal.SIGKILL)
    try:
        with errors.open("wb") as stderr:
            process = started(tether, asked, writer, stderr)
    finally:
        os.close(writer)
    child = RevisionProcess(process, reader, errors, seconds)
    try:
        yield child
    finally:
        child.stop()
        tether.release()
        os.close(reader)


def started(tether: Tether, asked: Path, writer: int, stderr: BinaryIO) -> subprocess.Popen[bytes]:
    """Start the process that answers what is asked in the file."""
    return tether.start(
        [sys.executable, "-c", _RUN, str(asked), str(writer)],
        stdout=subprocess.DEVNULL,
        stderr=stderr,
        pass_fds=(writer,),
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "TMPDIR": str(asked.parent)},
        start_new_session=True,
    )


@contextmanager
def own_folder() -> Iterator[str]:
    """Give the process a folder to write to, for the time of the block."""
    with TemporaryDirectory(prefix="pgwright-lint-") as folder:
        yield os.path.realpath(folder)
