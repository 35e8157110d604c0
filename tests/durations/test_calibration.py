"""Rates are measured on a server like production's, once for a machine."""

from __future__ import annotations

import os
from dataclasses import fields, replace
from pathlib import Path

import msgspec
import pytest

from pgwright.durations.calibration import settings_like
from pgwright.durations.kept import rates_like
from pgwright.embedded import Programs, wheel_programs
from pgwright.model.rates import DEFAULT_RATES, Rates
from tests.support.builders import make_setting, make_snapshot


def test_the_server_is_as_durable_as_production_and_otherwise_as_usual() -> None:
    told = settings_like(make_snapshot(make_setting("fsync", "off"), make_setting("shared_buffers", "64GB")))
    assert (told["fsync"], told["full_page_writes"], told["shared_buffers"]) == ("off", "on", "64MB")
    assert settings_like(make_snapshot(make_setting("wal_level", "logical")))["wal_level"] == "replica"
    assert settings_like(None)["fsync"] == "on"


def test_the_machine_is_measured_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PGWRIGHT_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    measured = rates_like(None, wheel_programs())
    _require_plausible(measured)
    (kept,) = (tmp_path / "pgwright" / "rates").iterdir()
    assert msgspec.json.decode(kept.read_bytes(), type=Rates) == measured
    assert kept.stat().st_mode & 0o077 == 0

    marked = replace(measured, source="as it was kept")
    kept.write_bytes(msgspec.json.encode(marked))
    assert rates_like(None, wheel_programs()) == marked

    os.utime(kept, (0, 0))
    assert rates_like(None, wheel_programs()).source == measured.source


def _require_plausible(rates: Rates) -> None:
    """A page takes longer than a row, to write longer than to read, and none of it a second."""
    assert rates.source == f"measured on this machine with PostgreSQL {wheel_programs().version}"
    assert rates.row_read < rates.page_read < rates.page_written < rates.statement * 1000
    assert rates.row_read < rates.row_written
    assert rates.key_compared < rates.key_sorted
    assert -1 < rates.worker_share < 2
    timed = [one.name for one in fields(rates) if one.name not in ("source", "worker_share", "gin_share", "gist_share")]
    assert all(0 < getattr(rates, name) < 0.5 for name in timed)


def test_where_no_server_runs_the_rates_are_those_of_another_machine_and_say_so(tmp_path: Path) -> None:
    rates = rates_like(None, Programs(tmp_path, "18.0"))
    assert rates.source.startswith("measured on another machine")
    assert "none could be measured here" in rates.source
    assert replace(rates, source="") == replace(DEFAULT_RATES, source="")
