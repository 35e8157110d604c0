"""A real Redis that speaks TLS only and asks for a password; Valkey's wheel speaks no TLS."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socket import socket

from redis import Redis
from redis.exceptions import RedisError

from tests.support.programs import find_program, with_libraries

# Nowhere else would a text of ours have it by chance.
PASSWORD = "pw-5up3rs3cr3t"
_START_SECONDS = 30.0


class TlsRedis:
    """A Redis on loopback, whose certificate is its own authority."""

    def __init__(self, folder: Path) -> None:
        self.certificate, key = make_certificate(folder, "server")
        self.other_authority, _ = make_certificate(folder, "other")
        with socket() as found:
            found.bind(("127.0.0.1", 0))
            self.port = int(found.getsockname()[1])
        options = {
            "bind": "127.0.0.1",
            "port": 0,
            "tls-port": self.port,
            "tls-cert-file": self.certificate,
            "tls-key-file": key,
            "tls-ca-cert-file": self.certificate,
            "tls-auth-clients": "no",
            "requirepass": PASSWORD,
            "dir": folder,
            "save": "",
            "logfile": folder / "log",
        }
        program = find_program("redis-server", "redis-server")
        arguments = [word for name, value in options.items() for word in (f"--{name}", str(value))]
        self._running = subprocess.Popen([program, *arguments], env=with_libraries())
        self._log = folder / "log"

    @property
    def url(self) -> str:
        return self.url_with(self.certificate)

    def url_with(self, authority: Path, password: str = PASSWORD) -> str:
        return f"rediss://:{password}@127.0.0.1:{self.port}/0?ssl_ca_certs={authority}"

    @contextmanager
    def held_up(self) -> Iterator[None]:
        """Let it answer nothing, though connections are accepted."""
        os.kill(self._running.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self._running.pid, signal.SIGCONT)

    def wait(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        with Redis.from_url(self.url) as client:
            while not _answers(client):
                assert self._running.poll() is None, self._log.read_text()
                assert time.monotonic() < deadline, self._log.read_text()
                time.sleep(0.02)

    def kill(self) -> None:
        self._running.kill()
        self._running.wait()


def _answers(client: Redis) -> bool:
    try:
        return bool(client.ping())
    except (RedisError, OSError):
        return False


def make_certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """Make a certificate for 127.0.0.1 and its key."""
    certificate, key = folder / f"{name}.crt", folder / f"{name}.key"
    command = [find_program("openssl", "openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    command += ["-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1"]
    command += ["-addext", "keyUsage=critical,digitalSignature,keyCertSign", "-keyout", str(key)]
    subprocess.run([*command, "-out", str(certificate)], check=True, capture_output=True)
    return certificate, key


@contextmanager
def run_tls_redis(folder: Path) -> Iterator[TlsRedis]:
    server = TlsRedis(folder)
    try:
        server.wait()
        yield server
    finally:
        server.kill()
