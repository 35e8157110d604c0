"""Which PostgreSQL takes the place of production: one of production's own major version, or the wheel's."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pgwright.embedded.discovery import find_programs
from pgwright.embedded.programs import Programs, extensions, wheel_programs
from pgwright.figures import listing

_MOST_NAMED = 5


@dataclass(frozen=True)
class ServerChoice:
    """The programs to run, and why they are not of the major version asked for."""

    programs: Programs
    reason: str
    """"" when they are."""


def choose_programs(major: int, *, needs: Iterable[str] = (), named: Path | None = None) -> ServerChoice:
    """Return the programs to run in the place of a server.

    Its own major version, unless the database needs an extension that only the wheel has: a table that cannot be
    restored is a greater loss than a plan of another version.

    Args:
        major: of the server.
        needs: the extensions of the database.
        named: a folder that the user names.
    Raises: ConfigError: there is no server in that folder. EmbeddedServerError.
    """
    return _choose(major, frozenset(needs), named)


@cache
def _choose(major: int, needs: frozenset[str], named: Path | None) -> ServerChoice:
    wheel = wheel_programs()
    found, reason = find_programs(major, named=named)
    if found is None:
        return ServerChoice(wheel, "" if wheel.major == major else reason)
    only_there = sorted((needs - extensions(found)) & extensions(wheel)) if needs else []
    if only_there and wheel != found:
        lacking = listing(only_there, _MOST_NAMED)
        return ServerChoice(
            wheel, f"the PostgreSQL {found.version} in {str(found.folder)!r} lacks the extension {lacking}"
        )
    return ServerChoice(found, "")
