"""The ground that attacks are aimed at, and servers to attack."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from pgwright.embedded import EmbeddedServer, run_server
from pgwright.model.snapshot import Snapshot
from pgwright.pipeline import take_snapshot
from pgwright.twin.restore import SERVER_SETTINGS
from tests.attacks.ground import Ground, prepared
from tests.attacks.objects import OBJECTS
from tests.attacks.roads import Field
from tests.attacks.runs import make_plain, make_victim
from tests.support.postgres import older

_SETTINGS = {"shared_preload_libraries": "pg_stat_statements", "max_connections": "60"}


@pytest.fixture(scope="session")
def whole_ground() -> Iterator[Ground]:
    with prepared() as ground:
        yield ground


@pytest.fixture
def ground(whole_ground: Ground) -> Ground:
    whole_ground.clear()
    return whole_ground


@pytest.fixture(scope="module", params=[18, 14])
def source(request: pytest.FixtureRequest) -> Iterator[EmbeddedServer]:
    """A server that stands for the user's: free."""
    with run_server(settings=_SETTINGS, programs=None if request.param == 18 else older(request.param)) as server:
        yield server


@pytest.fixture(scope="module")
def victim(source: EmbeddedServer, whole_ground: Ground) -> str:
    return make_victim(source, whole_ground, OBJECTS)


@pytest.fixture(scope="module")
def taken(source: EmbeddedServer, victim: str) -> tuple[Snapshot, Snapshot]:
    return take_snapshot(victim), take_snapshot(make_plain(source))


@pytest.fixture(scope="module")
def plain(server: EmbeddedServer) -> Snapshot:
    """The snapshot of a database without a fault, on the server of all tests."""
    return take_snapshot(make_plain(server))


@pytest.fixture(scope="module")
def twins() -> Iterator[EmbeddedServer]:
    """A server for many twins, with nothing but their role in the way."""
    with ExitStack() as stack:
        with pytest.MonkeyPatch.context() as patch:  # for its start alone: other tests want the walls
            patch.setenv("PGWRIGHT_CONFINEMENT", "off")
            running = stack.enter_context(run_server(settings=SERVER_SETTINGS, is_confined=True))
        yield running


@pytest.fixture
def field(
    ground: Ground, source: EmbeddedServer, victim: str, taken: tuple[Snapshot, Snapshot], tmp_path: Path
) -> Field:
    return Field(ground, victim, *taken, tmp_path, source.programs)


@pytest.fixture(params=["as shipped", "role alone"])
def held(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """What stands in the way: role and confinement, or the role alone."""
    if request.param == "role alone":
        monkeypatch.setenv("PGWRIGHT_CONFINEMENT", "off")
    return str(request.param)
