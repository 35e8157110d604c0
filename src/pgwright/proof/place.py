"""Where measured times are from."""

from __future__ import annotations

import psycopg

from pgwright.database import conninfo, target
from pgwright.model.proof import MeasuredOn
from pgwright.model.snapshot import Snapshot


def measured_on(source: Snapshot, dsn: str, copy: str, staging: str | None, began: str) -> MeasuredOn:
    """Return where times are from.

    Args:
        dsn: of the source; `copy`: of a copy of it.
        staging: the server that the user named; None: one of our own.
        began: when, ISO 8601.
    """
    return MeasuredOn(
        copies="embedded" if staging is None else "staging",
        server="" if staging is None else target(conninfo(staging)),
        version=_version(copy),
        source=target(dsn),
        source_version=source.server.version,
        at=began,
    )


def _version(copy: str) -> str:
    with psycopg.connect(copy) as connection:
        number = connection.info.server_version
        return f"{number // 10_000}.{number % 10_000}"
