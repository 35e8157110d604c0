"""The rates of this machine: measured once, and kept in the user's cache for a month."""

from __future__ import annotations

import hashlib
import os
import platform
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import msgspec
import psycopg

from pgwright.durations.calibration import measure_rates, settings_like
from pgwright.embedded import Programs
from pgwright.errors import EmbeddedServerError
from pgwright.files import cache_folder, write_bytes
from pgwright.model.progress import Progress, silent
from pgwright.model.rates import DEFAULT_RATES, Rates
from pgwright.model.snapshot import Snapshot

# Disks fill up, kernels are renewed.
_KEPT_SECONDS = 30 * 24 * 3600.0


def rates_like(snapshot: Snapshot | None, programs: Programs, progress: Progress = silent) -> Rates:
    """Return how fast this machine does the work of production's server, by settings that are as durable.

    Where nothing can be measured they are those of another machine, and their `source` says so.
    """
    settings = settings_like(snapshot)
    folder = cache_folder("rates")
    kept = None if folder is None else folder / f"{_key(settings, programs)}.json"
    known = None if kept is None else _read(kept)
    if known is not None:
        return known
    progress("rates")
    try:
        measured = measure_rates(settings, programs)
    except (EmbeddedServerError, psycopg.Error, OSError) as error:
        reason = str(error).partition("\n")[0]
        return replace(DEFAULT_RATES, source=f"{DEFAULT_RATES.source}, since none could be measured here: {reason}")
    if kept is not None:
        with suppress(OSError):
            write_bytes(kept, msgspec.json.encode(measured), is_private=True)
    return measured


def _read(path: Path) -> Rates | None:
    try:
        if time.time() - path.stat().st_mtime > _KEPT_SECONDS:
            return None
        return msgspec.json.decode(path.read_bytes(), type=Rates)
    except (OSError, msgspec.DecodeError):
        return None


def _key(settings: Mapping[str, str], programs: Programs) -> str:
    """Return a hash of what the rates depend on: the machine, the server, its settings, and how they are measured."""
    digest = hashlib.sha256(repr((platform.node(), platform.machine(), os.cpu_count())).encode())
    digest.update(repr((programs.version, str(programs.folder), sorted(settings.items()))).encode())
    here = Path(__file__).parent
    for path in (here / "calibration.py", here / "jobs.py", here / "sql" / "calibration.sql"):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:32]
