"""Attacks: how many there are, how many run unhindered, and what they do to confinement and to the role, each alone."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from query_bars.figures import Figure, at_least, at_most

from pgwright.embedded import EmbeddedServer, Programs, run_server
from pgwright.embedded.discovery import find_programs
from pgwright.pipeline import take_snapshot
from pgwright.twin.restore import SERVER_SETTINGS
from tests.attacks.fields import FIELDS
from tests.attacks.ground import Ground, prepared
from tests.attacks.objects import OBJECTS
from tests.attacks.planted import planted
from tests.attacks.roads import ALL, ROADS, Field
from tests.attacks.runs import build_twin, change_by, make_plain, make_victim, strike
from tests.attacks.scripts import FOR_PSQL, SCRIPTS

ROOT = Path(__file__).parents[2]
MAJORS = (18, 14)
_SETTINGS = {"shared_preload_libraries": "pg_stat_statements", "max_connections": "60"}


def measure() -> Iterator[Figure]:
    yield at_least("payloads", len(ALL), "", 60)
    yield at_least("kinds of payloads", len({one.kind for one in ALL}), "", 12)
    for major in MAJORS:
        programs = None if major == MAJORS[0] else _older(major)
        with prepared() as ground, run_server(settings=_SETTINGS, programs=programs) as source:
            yield from _of_server(source, programs, ground)


def _of_server(source: EmbeddedServer, programs: Programs | None, ground: Ground) -> Iterator[Figure]:
    major = source.programs.major
    ran = ground.effects(strike(source, ground, (*OBJECTS, *SCRIPTS, *FOR_PSQL)))
    yield at_least(f"{major}: payloads that run where nothing is in the way", len(ran), "", 10)
    ground.clear()
    with run_server(programs=programs, is_confined=True) as confined:
        ran = ground.effects(strike(confined, ground, (*OBJECTS, *SCRIPTS)))
        yield at_most(f"{major}: effects of a superuser in confinement", len(ran), "", 0)
    victim = make_victim(source, ground, OBJECTS)
    with tempfile.TemporaryDirectory() as folder:
        field = Field(
            ground, victim, take_snapshot(victim), take_snapshot(make_plain(source)), Path(folder), source.programs
        )
        yield at_most(f"{major}: effects as shipped, {len(ROADS)} roads", len(_effects(field)), "", 0)
        with _role_alone():
            yield at_most(f"{major}: effects with the role alone, {len(ROADS)} roads", len(_effects(field)), "", 0)
            yield at_most(f"{major}: effects of each alone, with the role alone", len(_each_alone(field)), "", 0)


def _effects(field: Field) -> set[str]:
    """Return the names of what had an effect over any road."""
    found: set[str] = set()
    for take in ROADS.values():
        field.ground.clear()
        found |= field.ground.effects(take(field))
    return found


def _each_alone(field: Field) -> set[str]:
    ground, plain = field.ground, field.plain
    ground.clear()
    said: list[str] = []
    with run_server(settings=SERVER_SETTINGS, programs=field.programs, is_confined=True) as twins:
        for one in (*SCRIPTS, *FOR_PSQL):
            extended = replace(plain, schema_sql=f"{plain.schema_sql}\n{ground.script(one)}")
            said.append(build_twin(twins, extended))
        said += [build_twin(twins, planted(plain, one.place, ground.script(one))) for one in FIELDS]
        said.append(change_by(twins, ground, (*OBJECTS, *SCRIPTS, *FOR_PSQL)))
    return ground.effects(*said)


@contextmanager
def _role_alone() -> Iterator[None]:
    os.environ["PGWRIGHT_CONFINEMENT"] = "off"
    try:
        yield
    finally:
        del os.environ["PGWRIGHT_CONFINEMENT"]


def _older(major: int) -> Programs:
    found, reason = find_programs(major, named=ROOT / "build" / "postgres")
    if found is None:
        raise SystemExit(f"{reason}. Run: python scripts/fetch_postgres.py {major}")
    return found
