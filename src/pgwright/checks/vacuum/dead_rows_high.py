"""Find tables in which dead rows pile up.

## What it does

Compares the dead rows with the living ones, by the table's counters; those of partitions count together. Autovacuum is
to come earlier only where it is on, and set to come later than that.

## Why it matters

Every scan reads the dead rows too, and index scans fetch them to find out. The space is lost until VACUUM frees it.

## Example

    ALTER TABLE job SET (autovacuum_enabled = false);

Use instead:

    ALTER TABLE job SET (autovacuum_vacuum_scale_factor = 0.02);

## When it is wrong

Just after a large UPDATE or DELETE, before autovacuum has come by. The counters are estimates.

## Source

PostgreSQL manual, Routine Vacuuming: The Autovacuum Daemon
(https://www.postgresql.org/docs/current/routine-vacuuming.html#AUTOVACUUM).
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.families import TableFamily, families
from pgwright.figures import count, duration, share
from pgwright.model.finding import Check, Evidence, Finding
from pgwright.model.server import Setting
from pgwright.model.snapshot import Snapshot
from pgwright.model.table import Table

# Fewer are vacuumed in a moment, whatever their share.
FEWEST_DEAD_ROWS = 10_000
# autovacuum_vacuum_scale_factor is 0.2 of the living rows: at a quarter of all it is late, or held back.
HIGH_SHARE = 0.25
VERY_HIGH_SHARE = 0.5
# A transaction so old keeps VACUUM from removing what died since.
OLD_TRANSACTION_SECONDS = 600.0
# A quarter of the default 0.2.
DEFAULT_FACTOR = 0.2
EARLIER_FACTOR = 0.05
# As parse_bool reads it (src/backend/utils/adt/bool.c): any beginning that is no other word's.
_OFF = {"f", "fa", "fal", "fals", "false", "n", "no", "of", "off", "0"}
_FACTOR = "autovacuum_vacuum_scale_factor"


def find(snapshot: Snapshot) -> Iterator[Finding]:
    for family in families(snapshot).values():
        dead = sum(leaf.dead_rows for leaf in family.leaves)
        if dead >= FEWEST_DEAD_ROWS and dead >= HIGH_SHARE * (dead + family.rows):
            yield _finding(snapshot, family, dead)


def _finding(snapshot: Snapshot, family: TableFamily, dead: int) -> Finding:
    part = dead / (dead + family.rows)
    off = [leaf for leaf in family.leaves if _is_off(leaf)]
    late = [leaf for leaf in family.leaves if _factor(snapshot, leaf) > EARLIER_FACTOR]
    server = snapshot.setting_by_name.get("autovacuum")
    is_server_off = server is not None and server.raw == "off"
    oldest = max((session.transaction_seconds for session in snapshot.own_sessions), default=0.0)
    is_held_back = oldest >= OLD_TRANSACTION_SECONDS
    vacuumed = [leaf.last_vacuum_at for leaf in family.leaves if leaf.last_vacuum_at]
    return CHECK.found(
        family.name.short,
        f"{share(part)} of the rows of {family.name.short} are dead: every scan reads them too.",
        severity="high" if part >= VERY_HIGH_SHARE else None,
        evidence=[
            Evidence("dead rows", count(dead)),
            Evidence("living rows", count(family.rows)),
            Evidence("last vacuum", min(vacuumed, default="none on record")),
            Evidence("autovacuum", _state(off, server)),
            Evidence("oldest open transaction", duration(oldest)),
        ],
        advice="Run VACUUM"
        + (", after ending the old transaction that holds it back." if is_held_back else ".")
        + _mend(off, late, is_server_off=is_server_off),
        sql=";\n".join(
            [
                f"VACUUM (ANALYZE) {family.name}",
                *(f"ALTER TABLE {leaf.name} RESET (autovacuum_enabled)" for leaf in off),
                *(_come_earlier(leaf) for leaf in late if not off and not is_server_off),
            ]
        ),
    )


def _is_off(table: Table) -> bool:
    return _parameter(table, "autovacuum_enabled").lower() in _OFF


def _parameter(table: Table, name: str) -> str:
    return next((text.partition("=")[2] for text in table.parameters if text.partition("=")[0] == name), "")


def _factor(snapshot: Snapshot, table: Table) -> float:
    setting = snapshot.setting_by_name.get(_FACTOR)
    return float(_parameter(table, _FACTOR) or (setting.raw if setting is not None else DEFAULT_FACTOR))


def _state(off: list[Table], server: Setting | None) -> str:
    if server is not None and server.raw == "off":
        return "switched off for the whole server"
    if off:
        return "switched off for this table"
    return "on" if server is not None else "not switched off for this table"


def _mend(off: list[Table], late: list[Table], *, is_server_off: bool) -> str:
    if is_server_off:
        return " Switch autovacuum on: autovacuum = on in postgresql.conf, then reload."
    if off:
        return " Switch autovacuum on again for this table."
    if late:
        return " Let autovacuum come earlier to this table."
    return (
        " Autovacuum is set to come early already, so look for what holds VACUUM back: old and prepared transactions, "
        "replication slots, standbys with hot_standby_feedback; or workers that are too few or too slow."
    )


def _come_earlier(table: Table) -> str:
    return f"ALTER TABLE {table.name} SET ({_FACTOR} = {EARLIER_FACTOR})"


CHECK = Check(__name__, reads=Snapshot, needs=("tables", "sessions"), severity="medium", confidence="likely", find=find)
