"""Locks: what the twin shows of each kind of DDL, against what other sessions meet on a server with rows.

The kinds are in `lock_kinds.toml`. On the embedded server, and on each older one in `build/postgres`.
"""

from __future__ import annotations

import sys
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from query_bars.figures import Figure, at_least, at_most, shown
from query_bars.scale import SCALE

from migration_bars.lock_truth import COMMENT, READ, SCHEMA, Refused, Source
from pgwright.embedded import Programs, run_server, wheel_programs
from pgwright.embedded.discovery import find_programs
from pgwright.migrations import open_directory
from pgwright.model.locks import LOCK_MODES, excludes
from pgwright.model.migration import ObservedStatement, TakenLock
from pgwright.observing import LintOrder, observe
from pgwright.twin.restore import SERVER_SETTINGS

ROOT = Path(__file__).parents[2]
OLDER = ROOT / "build" / "postgres"
LEAST_KINDS = 80
_LOCKABLE = ("table", "partitioned table")
_RELATIONS = (*_LOCKABLE, "materialized view", "view", "sequence", "index")
_INI = "[alembic]\nscript_location = %(here)s\npath_separator = os\n"
_REVISION = """\
from alembic import op

revision = "{revision}"
down_revision = {before!r}
SCRIPT = {script!r}


def upgrade():
    {block}:
        for statement in SCRIPT:
            op.get_bind().exec_driver_sql(statement)
"""
_IN_TRANSACTION, _OUTSIDE = "if True", "with op.get_context().autocommit_block()"


@dataclass(frozen=True)
class Kind:
    """One kind of DDL."""

    name: str
    sql: str
    before: str = ""
    alone: bool = False
    """It runs in no transaction."""


def measure() -> Iterator[Figure]:
    corpus = tomllib.loads(Path(__file__).with_name("lock_kinds.toml").read_text())
    kinds = [Kind(name, **fields) for name, fields in corpus["kinds"].items()]
    kinds = kinds if SCALE >= 1 else kinds[:: max(1, round(1 / SCALE / 10))]
    for programs in _servers():
        different = list(_different(programs, kinds, corpus["base"], corpus["rows"]))
        for line in different:
            print(f"  PostgreSQL {programs.version}: {line}", flush=True)
        name = f"kinds of DDL on PostgreSQL {programs.major}"
        yield at_least(name, len(kinds), "", LEAST_KINDS if SCALE >= 1 else 1)
        yield shown(f"{name} with the same locks on the twin and the source", len(kinds) - len(different), "")
        yield at_most(f"{name} with other locks", len(different), "", 0)


def _servers() -> Iterator[Programs]:
    yield wheel_programs()
    for folder in sorted(OLDER.iterdir() if OLDER.is_dir() else ()):
        found, reason = find_programs(int(folder.name), named=OLDER)
        if found is not None:
            yield found
        else:
            print(f"  PostgreSQL {folder.name} is left out: {reason}")


def _different(programs: Programs, kinds: list[Kind], base: str, rows: str) -> Iterator[str]:
    """Yield each kind whose locks differ, with both."""
    with run_server(programs=programs) as server:
        source = Source(server.dsn(), base, rows)
        truths = {one.name: _truth(source, one) for one in kinds}
    seen = dict(_on_the_twin(programs, kinds, base))
    for kind in kinds:
        statement = seen.get(kind.name)
        if statement is None:
            yield f"{kind.name}: not seen on the twin"
        elif statement.error or isinstance(truths[kind.name], str):
            if bool(statement.error) != isinstance(truths[kind.name], str):
                yield f"{kind.name}: on the twin {statement.error or 'it ran'}, on the source {truths[kind.name]}"
        else:
            told = _told(statement, alone=kind.alone)
            if told != truths[kind.name]:
                yield f"{kind.name}: excluded on the twin {_words(told)}, on the source {_words(truths[kind.name])}"


def _truth(source: Source, kind: Kind) -> Refused | str:
    try:
        return (source.refused_alone if kind.alone else source.refused)(kind.sql, kind.before)
    except Exception as error:  # noqa: BLE001  what the version does not know is refused on both sides
        return f"it failed: {error}"


def _on_the_twin(programs: Programs, kinds: list[Kind], base: str) -> Iterator[tuple[str, ObservedStatement]]:
    """Yield what was observed of each kind; each has a revision, between those that make and drop its tables."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "versions").mkdir()
        (folder / "alembic.ini").write_text(_INI)
        before: str | None = None
        path = f"SET search_path = {SCHEMA}"
        for number, kind in enumerate(kinds):
            make = f"CREATE SCHEMA {SCHEMA}; {path}; {base}; {kind.before}"
            drop = f"DROP SCHEMA {SCHEMA} CASCADE"
            back = "RESET search_path"  # where Alembic finds its own table
            for step, script in (("a", [make, back]), ("b", [path, kind.sql, back]), ("c", [drop])):
                revision = f"{step}{number}"
                block = _OUTSIDE if kind.alone and step == "b" else _IN_TRANSACTION
                text = _REVISION.format(revision=revision, before=before, script=script, block=block)
                (folder / "versions" / f"{revision}.py").write_text(text)
                before = revision
        with run_server(settings=SERVER_SETTINGS, programs=programs, is_confined=True) as twin:
            seen = observe(LintOrder(open_directory(folder), since="base"), running=twin)
    for revision_seen in seen.revisions:
        step, number = revision_seen.revision[0], int(revision_seen.revision[1:])
        found = [one for one in revision_seen.upgrade.statements if one.text == kinds[number].sql]
        if step == "b" and found:
            yield kinds[number].name, found[-1]
        elif revision_seen.upgrade.error:
            print(f"  {kinds[number].name}, {step}: {revision_seen.upgrade.error}")


def _told(statement: ObservedStatement, *, alone: bool) -> Refused:
    """Return what the observed locks exclude, in the words of the truth."""
    found: dict[str, set[str]] = {}
    for lock in statement.locks:
        if lock.is_new or lock.relation.schema != SCHEMA or lock.kind not in _RELATIONS:
            continue
        if alone and lock.kind not in (*_LOCKABLE, "materialized view"):
            continue
        found.setdefault(lock.relation.name, set()).update(_excluded(lock))
    return {name: frozenset(modes) for name, modes in found.items() if modes}


def _excluded(lock: TakenLock) -> Iterator[str]:
    if lock.kind in _LOCKABLE:
        yield from (mode for mode in LOCK_MODES if excludes(lock.mode, mode))
        return
    if excludes(lock.mode, "SHARE UPDATE EXCLUSIVE"):
        yield COMMENT
    if lock.kind in ("materialized view", "sequence") and excludes(lock.mode, "ACCESS SHARE"):
        yield READ


def _words(refused: Mapping[str, frozenset[str]] | str) -> str:
    if isinstance(refused, str):
        return refused
    return "; ".join(f"{name}: {', '.join(sorted(modes))}" for name, modes in sorted(refused.items())) or "nothing"


if __name__ == "__main__":
    sys.exit("run: python bench/migrations.py locks")
