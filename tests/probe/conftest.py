"""A shop whose app has the faults that a probe has to find."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pgwright.model.probe import Probe, ProbedEndpoint
from pgwright.pipeline import probe_app
from pgwright.probe import ProbeRequest
from tests.probe.shop_app import SCHEMA
from tests.support.database import Database

ROOT = Path(__file__).parents[2]
Probing = Callable[..., Probe]


@pytest.fixture
def shop(database: Database, monkeypatch: pytest.MonkeyPatch) -> Database:
    database.execute(SCHEMA)
    monkeypatch.setenv("DATABASE_URL", database.url("psycopg"))
    return database


@pytest.fixture
def probing(shop: Database) -> Probing:
    """Probe a factory of the shop's app, without the endpoint that never ends."""

    def run(factory: str = "create_sync", **asked: Any) -> Probe:
        settings = {"app": f"tests.probe.shop_app:{factory}", "skip": ("/stream",), "is_factory": True, "folder": ROOT}
        return probe_app(ProbeRequest(**{**settings, **asked}))

    return run


def endpoint(result: Probe, name: str) -> ProbedEndpoint:
    return next(one for one in result.endpoints if one.name == name)


def reason(result: Probe, name: str) -> str:
    return next(one.reason for one in result.not_examined if one.what == name)
