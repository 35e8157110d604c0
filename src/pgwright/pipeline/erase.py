"""Beside the path: a person's rows, erased as the app declares it. The one verb that writes where the user points."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import Engine, create_engine, exc
from sqlalchemy.pool import NullPool

from pgwright.database import APPLICATION_NAME, conninfo, failed, target
from pgwright.errors import ImportFailed, NotErased
from pgwright.importing import load
from pgwright.model.erasure import ErasureMode, ErasureRun
from pgwright.model.progress import Progress, silent
from pgwright_runtime.erasure import (
    MOST_ROWS,
    ErasedList,
    ErasedTable,
    Erasure,
    ErasureOutcome,
    ErasureStopped,
    Stop,
    examine,
    preview,
    replay,
)
from pgwright_runtime.erasure import erase as erase_person
from pgwright_runtime.errors import Error


@dataclass(frozen=True)
class ErasureOrder:
    """Whom to erase, and how."""

    declaration: str
    """As `app.erasure:ERASURE`."""
    folder: Path
    dsn: str | None
    key: tuple[str, ...] = ()
    secret: str | None = None
    """Needed for all but dry runs and examinations."""
    erased_list: Path | None = None
    allow_scan: bool = False
    most_rows: int = MOST_ROWS


def erase(
    order: ErasureOrder, mode: ErasureMode, *, progress: Progress = silent
) -> tuple[ErasureRun, ErasureOutcome | None]:
    """Erase a person or those of a list, count what that would take, or say what would stop it.

    Returns: The result, and of one person what is to be signed.
    Raises: ImportFailed, NotErased, DatabaseError, ConfigError.
    """
    declared = load(order.declaration, order.folder)
    if not isinstance(declared, Erasure):
        raise ImportFailed(order.declaration, f"it is {type(declared).__name__}, no pgwright_runtime.erasure.Erasure")
    with _engine(order.dsn) as engine, _told():
        if mode == "examine":
            stops = examine(engine, declared, allow_scan=order.allow_scan)
            return _run(order, mode, [], declared, stops=stops), None
        if mode == "replay":
            return _run(order, mode, _again(engine, declared, order, progress), declared), None
        outcome = _once(engine, declared, order, mode, progress)
    return _run(order, mode, [outcome], declared, stops=outcome.stops), outcome


def _once(
    engine: Engine, declared: Erasure, order: ErasureOrder, mode: ErasureMode, progress: Progress
) -> ErasureOutcome:
    shared: dict[str, Any] = {
        "allow_scan": order.allow_scan, "most_rows": order.most_rows, "progress": lambda what: progress(what)
    }  # fmt: skip
    if mode == "dry run":
        return preview(engine, declared, order.key, secret=order.secret, **shared)
    try:
        return erase_person(engine, declared, order.key, secret=order.secret or "", erased_list=_list(order), **shared)
    except ErasureStopped as stopped:
        return stopped.outcome


def _again(engine: Engine, declared: Erasure, order: ErasureOrder, progress: Progress) -> list[ErasureOutcome]:
    try:
        return replay(
            engine, declared, secret=order.secret or "", erased_list=_list(order), allow_scan=order.allow_scan,
            most_rows=order.most_rows, progress=lambda what: progress(what),
        )  # fmt: skip
    except ErasureStopped as stopped:
        return [stopped.outcome]


def _list(order: ErasureOrder) -> ErasedList | None:
    return None if order.erased_list is None else ErasedList(order.erased_list)


def _run(
    order: ErasureOrder,
    mode: ErasureMode,
    outcomes: Sequence[ErasureOutcome],
    declared: Erasure,
    stops: Sequence[Stop] = (),
) -> ErasureRun:
    last = outcomes[-1] if outcomes else None
    stops = tuple(stops) or (last.stops if last is not None else ())
    nothing: Any = "stopped" if stops else "clear" if mode == "examine" else "already erased"
    schema, name = declared.subject
    done = [one for one in outcomes if one.status in ("erased", "would erase")]
    return ErasureRun(
        declaration=order.declaration,
        mode=mode,
        status=nothing if last is None else last.status,
        subject=last.subject if last is not None else f"{schema}.{name}" if schema else name,
        person=last.person if last is not None and len(outcomes) == 1 else "",
        database=target(conninfo(order.dsn)),
        server_version=last.server_version if last is not None else "",
        at=last.at if last is not None else "",
        tables=_summed(outcomes),
        stops=tuple(stops),
        copies=tuple(dict.fromkeys(copy for one in outcomes for copy in one.copies)),
        notes=tuple(dict.fromkeys(note for one in outcomes for note in one.notes)),
        seconds=round(sum(one.seconds for one in outcomes), 3),
        persons=len(done),
    )


def _summed(outcomes: Sequence[ErasureOutcome]) -> tuple[ErasedTable, ...]:
    """Return the counts of all, by table."""
    by_table: dict[str, list[ErasedTable]] = defaultdict(list)
    for outcome in outcomes:
        for table in outcome.tables:
            by_table[table.table].append(table)
    counted = [field.name for field in fields(ErasedTable) if field.name not in ("table", "reasons")]
    return tuple(
        ErasedTable(
            name,
            **{field: sum(getattr(one, field) for one in several) for field in counted},
            reasons=tuple(dict.fromkeys(reason for one in several for reason in one.reasons)),
        )
        for name, several in by_table.items()
    )


@contextmanager
def _engine(dsn: str | None) -> Iterator[Engine]:
    info = conninfo(dsn)

    def connect() -> psycopg.Connection[Any]:
        try:
            # Nothing is prepared: a pooler in transaction mode hands out another server each time.
            return psycopg.connect(info, fallback_application_name=APPLICATION_NAME, prepare_threshold=None)
        except psycopg.OperationalError as error:
            raise failed(info, error) from None

    engine = create_engine("postgresql+psycopg://", creator=connect, poolclass=NullPool)
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def _told() -> Iterator[None]:
    """Turn what the runtime and the server refuse into an error of ours; details may hold values of the person."""
    try:
        yield
    except (Error, ValueError) as error:
        raise NotErased(str(error)) from error
    except exc.DBAPIError as error:
        said = error.orig.diag.message_primary if isinstance(error.orig, psycopg.Error) else None
        state = error.orig.sqlstate if isinstance(error.orig, psycopg.Error) else None
        raise NotErased(f"the server refused ({state}): {said or type(error.orig).__name__}") from None
