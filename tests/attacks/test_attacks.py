"""Attacks over every road have no effect outside of our server; without role and confinement they have."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from pgwright.embedded import EmbeddedServer, run_server, try_confinement
from pgwright.model.snapshot import Snapshot
from pgwright.snapshot import save_snapshot
from tests.attacks.fields import FIELDS, PLANS
from tests.attacks.ground import Ground
from tests.attacks.objects import OBJECTS
from tests.attacks.payload import Payload
from tests.attacks.planted import planted, statement, with_script
from tests.attacks.runs import build_twin, command, strike
from tests.attacks.scripts import FOR_PSQL, SCRIPTS

ALL = (*OBJECTS, *SCRIPTS, *FOR_PSQL, *FIELDS, *PLANS)
pytestmark = pytest.mark.xdist_group("attacks")
is_whole = sys.platform == "linux" and try_confinement() == "Landlock, seccomp, namespaces"


def test_payloads_are_many_and_of_many_kinds() -> None:
    assert len({one.name for one in ALL}) == len(ALL) >= 60
    assert len({one.kind for one in ALL}) >= 12


def test_they_run_where_nothing_stands_in_the_way(source: EmbeddedServer, ground: Ground) -> None:
    """The control: as superuser of a free server, and by psql as our own user."""
    said = strike(source, ground, (*OBJECTS, *SCRIPTS, *FOR_PSQL))
    ran = ground.effects(said)
    for group in (OBJECTS, SCRIPTS, FOR_PSQL):
        assert len(ran & {one.name for one in group}) >= 10, ran
    assert {"fold_program", "fold_file", "fold_large", "fold_tcp", "fold_unix", "a secret was told"} <= ran


@pytest.mark.skipif(not is_whole, reason="this kernel or container lacks a step of confinement")
def test_a_confined_server_holds_its_superuser(source: EmbeddedServer, ground: Ground) -> None:
    with run_server(programs=source.programs, is_confined=True) as server:
        said = strike(server, ground, (*OBJECTS, *SCRIPTS))
    assert ground.effects(said) == set()


def test_check_of_a_database_that_others_filled(victim: str, ground: Ground, held: str) -> None:
    said = command("check", victim, "--format", "json")
    assert "fold_program" in said
    assert ground.effects(said) == set()


def test_prove_of_a_database_that_others_filled(victim: str, ground: Ground, held: str, tmp_path: Path) -> None:
    change = tmp_path / "change.sql"
    change.write_text("CREATE INDEX ON public.items (name);")
    said = command("prove", victim, "--sql", change, "--rounds", "3", "--format", "json")
    assert "items" in said
    assert ground.effects(said) == set()


def test_check_of_a_file_of_such_a_database(snapshot: Snapshot, ground: Ground, held: str, file: Path) -> None:
    fired = tuple(statement(number, ground.fire(one)) for number, one in enumerate(OBJECTS))
    save_snapshot(replace(snapshot, statements=fired), file)
    said = command("check", file, "--format", "json")
    assert ground.effects(said) == set()


@pytest.mark.parametrize("payloads", [SCRIPTS, FOR_PSQL], ids=["SQL", "psql"])
@pytest.mark.parametrize("verb", ["check", "prove"])
def test_a_file_whose_dump_somebody_extended(
    plain: Snapshot, ground: Ground, held: str, file: Path, tmp_path: Path, payloads: tuple[Payload, ...], verb: str
) -> None:
    extended = with_script(plain, [ground.script(one) for one in payloads])
    fired = tuple(statement(number, ground.fire(one)) for number, one in enumerate(payloads) if one.fire)
    save_snapshot(replace(extended, statements=(*fired, *plain.statements)), file)
    change = tmp_path / "change.sql"
    change.write_text("CREATE INDEX ON public.items (name);")
    said = command(verb, file, "--format", "json", *(("--sql", change) if verb == "prove" else ()))
    assert ground.effects(said) == set()


@pytest.mark.parametrize("payload", [*SCRIPTS, *FOR_PSQL], ids=lambda one: one.name)
def test_each_script_alone(plain: Snapshot, ground: Ground, twins: EmbeddedServer, payload: Payload) -> None:
    """Together one may stand in the way of another."""
    one = replace(plain, schema_sql=f"{plain.schema_sql}\n{ground.script(payload)}")
    assert ground.effects(build_twin(twins, one)) == set()


@pytest.mark.parametrize("payload", FIELDS, ids=lambda one: one.name)
def test_each_field_of_a_file(plain: Snapshot, ground: Ground, twins: EmbeddedServer, payload: Payload) -> None:
    said = build_twin(twins, planted(plain, payload.place, ground.script(payload)))
    assert ground.effects(said) == set()


def test_arguments_of_plan(plain: Snapshot, ground: Ground, held: str, file: Path, cached: None) -> None:
    save_snapshot(plain, file)
    asked = "SELECT * FROM items WHERE id = $1"
    for payload in PLANS:
        text = ground.script(payload)
        arguments = {
            "plan statement": (text, "--with-index", "CREATE INDEX ON items (kind)"),
            "plan index": (asked, "--with-index", text),
            "plan setting": (asked, "--set", text),
            "plan value": (asked, "--value", text),
        }[payload.place]
        assert ground.effects(command("plan", *arguments, "--twin", file)) == set(), payload.name
