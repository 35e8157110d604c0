"""A real Prometheus on loopback, which looks several times a second."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socket import socket
from typing import Any
from urllib.parse import urlsplit

import httpx
import yaml

from tests.support.programs import find_program, with_libraries

_START_SECONDS = 60.0
_EVERY = "200ms"


class Prometheus:
    def __init__(self, url: str) -> None:
        self._client = httpx.Client(base_url=url, trust_env=False)

    def alerts(self) -> list[dict[str, Any]]:
        """Return what is pending or fires."""
        found: list[dict[str, Any]] = self._get("/api/v1/alerts")["alerts"]
        return found

    def value(self, query: str) -> float | None:
        """Return the value of the first series; None: there is none."""
        series = self._get("/api/v1/query", query=query)["result"]
        return float(series[0]["value"][1]) if series else None

    def is_ready(self) -> bool:
        try:
            return self._client.get("/-/ready").is_success
        except httpx.TransportError:
            return False

    def close(self) -> None:
        self._client.close()

    def _get(self, path: str, **parameters: str) -> Any:
        return self._client.get(path, params=parameters).raise_for_status().json()["data"]


@contextmanager
def run_prometheus(folder: Path, app: str, rules: Path) -> Iterator[Prometheus]:
    """Run it in a folder of its own, for an app's address and a file of rules."""
    program = find_program("prometheus", "prometheus")
    folder.mkdir()
    settings = {
        "global": {"scrape_interval": _EVERY, "evaluation_interval": _EVERY},
        "rule_files": [str(rules)],
        "scrape_configs": [{"job_name": "chat", "static_configs": [{"targets": [urlsplit(app).netloc]}]}],
    }
    (folder / "prometheus.yml").write_text(yaml.safe_dump(settings))
    with socket() as found:
        found.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{found.getsockname()[1]}"
    options = {
        "config.file": folder / "prometheus.yml",
        "storage.tsdb.path": folder / "data",
        "web.listen-address": address,
    }
    command = [program, *(f"--{name}={value}" for name, value in options.items())]
    with (folder / "log").open("wb") as log:
        running = subprocess.Popen(command, stdout=log, stderr=log, env=with_libraries())
    prometheus = Prometheus(f"http://{address}")
    try:
        deadline = time.monotonic() + _START_SECONDS
        while not prometheus.is_ready():
            assert running.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < deadline, "Prometheus is not ready"
            time.sleep(0.05)
        yield prometheus
    finally:
        prometheus.close()
        running.kill()
        running.wait()
