"""The PostgreSQL that the tests run on: the embedded 18, or by POSTGRES=15 an older one from build/postgres/15."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

from pgwright.embedded import EmbeddedServer, run_server, system_user
from pgwright.embedded.programs import as_user

EMBEDDED = 18
MAJOR = int(os.environ.get("POSTGRES") or EMBEDDED)
_FOLDER = Path(__file__).resolve().parents[2] / "build" / "postgres"
_BUILTIN_LOCALE_SINCE = 17


@contextmanager
def run_postgres(settings: Mapping[str, str]) -> Iterator[EmbeddedServer]:
    """Run the server that the tests are asked to run on."""
    if MAJOR == EMBEDDED:
        with run_server(settings=settings) as server:
            yield server
        return
    programs = _FOLDER / str(MAJOR) / "bin"
    if not programs.exists():
        pytest.fail(f"there is no PostgreSQL in {programs}. Run: python scripts/fetch_postgres.py {MAJOR}")
    home = Path(tempfile.mkdtemp(prefix="pgwright-"))
    try:
        _initialise(home, programs)
        with run_server(home, settings=settings, programs=programs) as server:
            yield server
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _initialise(home: Path, programs: Path) -> None:
    user = system_user()
    if user is not None:
        shutil.chown(home, user, user)
    locale = ["--locale=C", "--lc-ctype=C.UTF-8"]
    if MAJOR >= _BUILTIN_LOCALE_SINCE:
        locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    options = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-sync", *locale]
    command = [str(programs / "initdb"), f"--pgdata={home / 'data'}", *options]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=home, **as_user(user))


def skip_unless_meant_for(item: pytest.Item) -> None:
    """Skip a test whose marker, as in `pg(">= 15")`, names other versions than the one of this run."""
    for marker in item.iter_markers("pg"):
        (versions,) = marker.args
        if not SpecifierSet(versions).contains(str(MAJOR)):
            pytest.skip(f"for PostgreSQL {versions}, and this is {MAJOR}")
