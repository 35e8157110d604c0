"""Attacks over every road have no effect outside of our server; without role and confinement they have."""

from __future__ import annotations

import sys
from dataclasses import replace

import pytest

from pgwright.embedded import EmbeddedServer, run_server, try_confinement
from pgwright.model.snapshot import Snapshot
from tests.attacks.fields import FIELDS
from tests.attacks.ground import Ground
from tests.attacks.objects import OBJECTS
from tests.attacks.payload import Payload
from tests.attacks.planted import planted
from tests.attacks.roads import ALL, ROADS, Field
from tests.attacks.runs import build_twin, change_by, strike
from tests.attacks.scripts import FOR_PSQL, SCRIPTS

pytestmark = pytest.mark.xdist_group("attacks")
is_whole = sys.platform == "linux" and try_confinement() == "Landlock, seccomp, namespaces"


def test_payloads_are_many_and_of_many_kinds() -> None:
    assert len({one.name for one in ALL}) == len(ALL) >= 60
    assert len({one.kind for one in ALL}) >= 12


def test_they_run_where_nothing_stands_in_the_way(source: EmbeddedServer, ground: Ground) -> None:
    """The control: as superuser of a free server, and by psql as our own user."""
    ran = ground.effects(strike(source, ground, (*OBJECTS, *SCRIPTS, *FOR_PSQL)))
    for group in (OBJECTS, SCRIPTS, FOR_PSQL):
        assert len(ran & {one.name for one in group}) >= 10, ran
    assert {"fold_program", "fold_file", "fold_large", "fold_tcp", "fold_unix", "a secret was told"} <= ran


@pytest.mark.skipif(not is_whole, reason="this kernel or container lacks a step of confinement")
def test_a_confined_server_holds_its_superuser(source: EmbeddedServer, ground: Ground) -> None:
    with run_server(programs=source.programs, is_confined=True) as server:
        said = strike(server, ground, (*OBJECTS, *SCRIPTS))
    assert ground.effects(said) == set()


@pytest.mark.parametrize("road", ROADS)
def test_no_road_leads_outside(field: Field, held: str, road: str) -> None:
    """As shipped, and with the role alone in the way."""
    assert field.ground.effects(ROADS[road](field)) == set()


@pytest.mark.parametrize("payload", [*SCRIPTS, *FOR_PSQL], ids=lambda one: one.name)
def test_each_script_alone(plain: Snapshot, ground: Ground, twins: EmbeddedServer, payload: Payload) -> None:
    """Together one may stand in the way of another."""
    one = replace(plain, schema_sql=f"{plain.schema_sql}\n{ground.script(payload)}")
    assert ground.effects(build_twin(twins, one)) == set()


@pytest.mark.parametrize("payload", FIELDS, ids=lambda one: one.name)
def test_each_field_of_a_file(plain: Snapshot, ground: Ground, twins: EmbeddedServer, payload: Payload) -> None:
    said = build_twin(twins, planted(plain, payload.place, ground.script(payload)))
    assert ground.effects(said) == set()


@pytest.mark.parametrize("payload", [*OBJECTS, *SCRIPTS, *FOR_PSQL], ids=lambda one: one.name)
def test_each_as_the_change_that_is_proved(ground: Ground, twins: EmbeddedServer, payload: Payload) -> None:
    assert ground.effects(change_by(twins, ground, [payload])) == set()
