"""What an ErasureRun comes to, in words."""

from __future__ import annotations

from pgwright.figures import count
from pgwright.model.erasure import ErasureRun

COLUMNS = ("table", "deleted", "anonymised", "unlinked", "kept")


def where(run: ErasureRun) -> str:
    """Return which server was asked, and when."""
    server = f", PostgreSQL {run.server_version}, {run.at}" if run.server_version else ""
    return f"{run.subject} of {run.database}{server}"


def verdict(run: ErasureRun) -> str:
    """Return what was done, in a sentence."""
    if run.status == "stopped":
        return f"Nothing was erased: {count(len(run.stops), 'thing')} in the way."
    if run.status == "clear":
        return "Nothing stands in the way of an erasure."
    if run.status == "not found":
        return "Nothing was erased: there is no such person, and no list says that there was."
    if run.status == "already erased":
        return "Already erased: nothing of theirs was left." if run.mode != "replay" else "Nobody of the list is here."
    did = "Would change" if run.status == "would erase" else "Erased: changed"
    of = f" of {count(run.persons, 'person')}" if run.mode == "replay" else ""
    return f"{did} {count(run.rows, 'row')}{of} in {count(len(run.tables), 'table')}, {run.seconds:.1f} s."


def left(run: ErasureRun) -> tuple[str, ...]:
    """Return what may hold values of the person still."""
    copies = tuple(f"{name} is a copy: REFRESH MATERIALIZED VIEW {name}" for name in run.copies)
    return (*copies, *run.notes)
