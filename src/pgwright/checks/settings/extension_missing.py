"""Find servers that keep no record of their statements.

## What it does

Reports when `pg_stat_statements` is not installed in the database, or not loaded at the server's start.

## Why it matters

Without it nobody knows which statements cost the most, neither people nor pgwright: the checks of queries and the
index advisor cannot look.

## Example

    shared_preload_libraries = ''

Use instead:

    shared_preload_libraries = 'pg_stat_statements'   -- then restart
    CREATE EXTENSION pg_stat_statements;

## When it is wrong

Where the statements are recorded by other means, such as auto_explain and the log.

## Source

PostgreSQL manual, pg_stat_statements (https://www.postgresql.org/docs/current/pgstatstatements.html).
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.model.finding import Check, Evidence, Finding
from pgwright.model.snapshot import Snapshot

NAME = "pg_stat_statements"


def find(snapshot: Snapshot) -> Iterator[Finding]:
    server = snapshot.server
    libraries = snapshot.setting_by_name.get("shared_preload_libraries")
    is_installed = NAME in server.extensions
    # The setting is hidden from roles without pg_read_all_settings.
    is_loaded = None if libraries is None else NAME in libraries.raw
    if is_installed and is_loaded is not False:
        return
    yield CHECK.found(
        NAME,
        f"{NAME} is {'installed but not loaded' if is_installed else 'not installed'}: "
        "nobody knows which statements cost the most.",
        evidence=[
            Evidence("installed in this database", "yes" if is_installed else "no"),
            Evidence(
                "shared_preload_libraries", "hidden from our role" if libraries is None else libraries.value or "empty"
            ),
            Evidence("available on the server", "yes" if NAME in server.available_extensions else "no"),
        ],
        advice=("" if is_loaded else _load(is_hidden=is_loaded is None))
        + ("" if is_installed else "Then create the extension in this database."),
        sql="" if is_installed else f"CREATE EXTENSION IF NOT EXISTS {NAME}",
    )


def _load(*, is_hidden: bool) -> str:
    if is_hidden:
        return f"If it is not loaded yet, add {NAME} to shared_preload_libraries and restart the server. "
    return f"Add {NAME} to shared_preload_libraries and restart the server. "


CHECK = Check(__name__, reads=Snapshot, severity="medium", confidence="certain", find=find)
