"""Every road from what others wrote to a command of ours."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from pgwright.embedded import Programs
from pgwright.model.snapshot import Snapshot
from pgwright.snapshot import save_snapshot
from tests.attacks.fields import FIELDS, PLANS
from tests.attacks.ground import Ground
from tests.attacks.objects import OBJECTS
from tests.attacks.payload import Payload
from tests.attacks.planted import statement, with_script
from tests.attacks.runs import command
from tests.attacks.scripts import FOR_PSQL, SCRIPTS

ALL = (*OBJECTS, *SCRIPTS, *FOR_PSQL, *FIELDS, *PLANS)


@dataclass(frozen=True)
class Field:
    """Where the roads start."""

    ground: Ground
    victim: str
    """DSN of a database that others filled."""
    snapshot: Snapshot
    """Of the victim."""
    plain: Snapshot
    """Of a database without a fault."""
    folder: Path
    """For files; empty at first."""
    programs: Programs
    """What twins and copies run."""

    def command(self, *arguments: str | Path) -> str:
        """Run one of our commands; return all that it said."""
        config = self.folder / "pyproject.toml"
        config.write_text(f"[tool.pgwright]\nserver = '{self.programs.folder}'\n")
        return command(*arguments, "--config", config)


def _check(field: Field) -> str:
    said = field.command("check", field.victim, "--format", "json")
    assert "fold_program" in said
    return said


def _prove(field: Field) -> str:
    return field.command("prove", field.victim, *_change(field), "--rounds", "3", "--format", "json")


def _check_of_file(field: Field) -> str:
    fired = tuple(statement(number, field.ground.fire(one)) for number, one in enumerate(OBJECTS))
    return field.command("check", _saved(field, replace(field.snapshot, statements=fired)), "--format", "json")


def _check_of_extended(field: Field, payloads: Iterable[Payload]) -> str:
    return field.command("check", _saved(field, _extended(field, payloads)), "--format", "json")


def _prove_of_extended(field: Field, payloads: Iterable[Payload]) -> str:
    return field.command("prove", _saved(field, _extended(field, payloads)), *_change(field), "--format", "json")


def _plan(field: Field) -> str:
    file = _saved(field, field.plain)
    asked = "SELECT * FROM items WHERE id = $1"
    said = ""
    for payload in PLANS:
        text = field.ground.script(payload)
        arguments = {
            "plan statement": (text, "--with-index", "CREATE INDEX ON items (kind)"),
            "plan index": (asked, "--with-index", text),
            "plan setting": (asked, "--set", text),
            "plan value": (asked, "--value", text),
        }[payload.place]
        said += field.command("plan", *arguments, "--twin", file)
    return said


ROADS: Mapping[str, Callable[[Field], str]] = {
    "check of a database": _check,
    "prove of a database": _prove,
    "check of a file": _check_of_file,
    "check of a file with more SQL": lambda field: _check_of_extended(field, SCRIPTS),
    "check of a file with words for psql": lambda field: _check_of_extended(field, FOR_PSQL),
    "prove of a file with more SQL": lambda field: _prove_of_extended(field, SCRIPTS),
    "prove of a file with words for psql": lambda field: _prove_of_extended(field, FOR_PSQL),
    "plan": _plan,
}


def _saved(field: Field, snapshot: Snapshot) -> Path:
    path = field.folder / "snapshot.json"
    save_snapshot(snapshot, path)
    return path


def _extended(field: Field, payloads: Iterable[Payload]) -> Snapshot:
    wanted = list(payloads)
    extended = with_script(field.plain, [field.ground.script(one) for one in wanted])
    fired = tuple(statement(number, field.ground.fire(one)) for number, one in enumerate(wanted) if one.fire)
    return replace(extended, statements=(*fired, *field.plain.statements))


def _change(field: Field) -> tuple[str, Path]:
    change = field.folder / "change.sql"
    change.write_text("CREATE INDEX ON public.items (name);")
    return "--sql", change
