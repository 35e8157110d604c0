"""Where attacks show their effect: files outside of any server's folder, two sockets that listen, and a secret."""

from __future__ import annotations

import os
import shutil
import socket
import struct
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread

from tests.attacks.payload import Payload

SECRET_VARIABLE = "PGWRIGHT_ATTACKS_SECRET"
_SECRET_EFFECT = "a secret was told"
_LONGEST_MESSAGE = 10_000


@dataclass
class Ground:
    """What payloads are aimed at."""

    folder: Path
    port: int
    reached: set[str] = field(default_factory=set)
    """Names of the payloads that opened a connection: each says its own as the user."""
    secret: str = "S3CR3T-of-the-user"

    @property
    def outside(self) -> Path:
        return self.folder / "outside"

    def aimed(self, text: str, payload: Payload) -> str:
        """Return a payload's text with the names of all that it aims at."""
        common = f"user={payload.name} password=x dbname=x sslmode=disable gssencmode=disable connect_timeout=2"
        names = {
            "@s@": payload.name,
            "@mark@": str(self.outside / payload.name),
            "@outside@": str(self.outside),
            "@included@": str(self.folder / "included.sql"),
            "@oid@": str(zlib.crc32(payload.name.encode()) % 2**31),
            "@socket@": str(self.folder),
            "@secret@": str(self.folder / "secret"),
            "@port@": str(self.port),
            "@tcp@": f"host=127.0.0.1 port={self.port} {common}",
            "@unix@": f"host={self.folder} {common}",
        }
        for name, value in names.items():
            text = text.replace(name, value)
        return text

    def script(self, payload: Payload) -> str:
        return self.aimed(payload.script, payload)

    def fire(self, payload: Payload) -> str:
        return self.aimed(payload.fire, payload)

    def effects(self, *said: str) -> set[str]:
        """Return the names of the payloads that had an effect, and whether the secret is among what was said."""
        files = {path.relative_to(self.outside).parts[0].strip() for path in self.outside.rglob("*")}
        told = {_SECRET_EFFECT for text in said if self.secret in text}
        return files | self.reached | told

    def clear(self) -> None:
        self.reached.clear()
        for path in self.outside.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()


@contextmanager
def prepared() -> Iterator[Ground]:
    """Make the ground; what it holds may be read and written by every user, as /tmp is."""
    with tempfile.TemporaryDirectory(prefix="pgwa-", dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        with closing(socket.create_server(("127.0.0.1", 0))) as tcp, closing(socket.socket(socket.AF_UNIX)) as unix:
            unix.bind(str(folder / ".s.PGSQL.5432"))
            (folder / ".s.PGSQL.5432").chmod(0o777)
            unix.listen()
            ground = Ground(folder, tcp.getsockname()[1])
            ground.outside.mkdir()
            ground.outside.chmod(0o777)
            (folder / "secret").write_text(ground.secret)
            (folder / "included.sql").write_text(f"\\! touch {ground.outside / 'psql_include'}\n")
            os.environ[SECRET_VARIABLE] = ground.secret
            for listening in (tcp, unix):
                Thread(target=_listen, args=(listening, ground.reached), daemon=True).start()
            yield ground
            del os.environ[SECRET_VARIABLE]


def _listen(listening: socket.socket, reached: set[str]) -> None:
    with suppress(OSError):  # closed at the end
        while True:
            connection, _ = listening.accept()
            with connection, suppress(OSError):
                connection.settimeout(5)
                reached.add(_user(connection))


def _user(connection: socket.socket) -> str:
    """Return the user that a startup message names; whoever says nothing has reached us as well."""
    start = connection.recv(4)
    length = struct.unpack("!I", start)[0] if len(start) == 4 else 0
    message = connection.recv(length) if 8 < length < _LONGEST_MESSAGE else b""
    words = message[4:].split(b"\0")
    return words[words.index(b"user") + 1].decode() if b"user" in words else "somebody"
