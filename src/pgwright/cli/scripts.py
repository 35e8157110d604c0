"""A fix as scripts for psql; one, or several in turn."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pgwright.cli.output import say, write
from pgwright.model.snapshot import Snapshot
from pgwright.remedies import Part, render_script

STDOUT = Path("-")


def write_scripts(parts: Sequence[Part], snapshot: Snapshot, path: Path) -> list[Path]:
    """Write a script for each part, `fix.sql`, `fix-2.sql`, …, or print them; return the files. Raises ConfigError."""
    paths = []
    for number, part in enumerate(parts, start=1):
        text = render_script(
            part.fix, message=part.message, database=snapshot.server.database, taken_at=snapshot.taken_at
        )
        if path == STDOUT:
            heading = f"-- Script {number} of {len(parts)}: run it by itself.\n" if len(parts) > 1 else ""
            say(heading + text)
        else:
            paths.append(path if number == 1 else path.with_stem(f"{path.stem}-{number}"))
            write(paths[-1], text)
    return paths
