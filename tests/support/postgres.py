"""The PostgreSQL that the tests run on: the embedded 18, or by POSTGRES=15 an older one from build/postgres/15."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

from pgwright.embedded import EmbeddedServer, Programs, run_server, wheel_programs
from pgwright.embedded.discovery import find_programs

EMBEDDED = 18
MAJOR = int(os.environ.get("POSTGRES") or EMBEDDED)
# Those that every change is tested on, as .ci/run has it: what hardly hangs on the version is tried on them alone.
FEW = (14, EMBEDDED)
on_few_versions = pytest.mark.skipif(MAJOR not in FEW, reason="tried on the versions that every change is tested on")
FOLDER = Path(__file__).resolve().parents[2] / "build" / "postgres"


@contextmanager
def run_postgres(settings: Mapping[str, str]) -> Iterator[EmbeddedServer]:
    """Run the server that the tests are asked to run on."""
    with run_server(settings=settings, programs=own_programs()) as server:
        yield server


def own_programs() -> Programs:
    """Return the programs that the tests are asked to run on."""
    if MAJOR == EMBEDDED:
        return wheel_programs()
    programs, reason = find_programs(MAJOR, named=FOLDER)
    if programs is None:
        pytest.fail(f"{reason}. Run: python scripts/fetch_postgres.py {MAJOR}")
    return programs


def older(major: int) -> Programs:
    """Return the programs of an older PostgreSQL; skip the test where they were not fetched."""
    if not (FOLDER / str(major)).exists():
        pytest.skip(f"no PostgreSQL {major}. Run: python scripts/fetch_postgres.py {major}")
    programs, reason = find_programs(major, named=FOLDER)
    assert programs is not None, reason
    return programs


def skip_unless_meant_for(item: pytest.Item) -> None:
    """Skip a test whose marker, as in `pg(">= 15")`, names other versions than the one of this run."""
    for marker in item.iter_markers("pg"):
        (versions,) = marker.args
        if not SpecifierSet(versions).contains(str(MAJOR)):
            pytest.skip(f"for PostgreSQL {versions}, and this is {MAJOR}")
