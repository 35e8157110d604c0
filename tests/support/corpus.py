"""The corpus of `tests/worth/corpus`: apps with schema, rows and traffic, and what a senior would say of each.

A folder holds `schema.sql`, `rows.sql`, `workload.py` (a stretch of traffic) and `judged.toml`, written before the
advisor saw the schema: the indexes that a senior would make, the faults that were planted, and of every finding
whether it is right.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import md5
from importlib import import_module
from pathlib import Path
from random import Random
from typing import Any, Literal
from uuid import UUID

import msgspec

from pgwright.model.finding import Severity

FOLDER = Path(__file__).parents[1] / "worth" / "corpus"

Values = Callable[[Random], Sequence[object]]
Ruling = Literal["right", "debatable", "wrong"]
Kind = Literal["sound", "planted", "public"]


def _none(_: Random) -> Sequence[object]:
    return ()


@dataclass(frozen=True)
class Call:
    """A statement of an app, and how often it comes in the stretch of traffic."""

    sql: str
    """With `%s` for each value."""
    times: int
    values: Values = _none


def uuid_of(text: str) -> UUID:
    """Return what `md5(text)::uuid` is in SQL: the keys of rows that are made from numbers."""
    return UUID(md5(text.encode(), usedforsecurity=False).hexdigest())


class SeniorIndex(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An index that a senior would make."""

    sql: str
    reason: str


class Planted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A fault that has to be found."""

    what: str
    keys: tuple[str, ...]
    """Patterns of the findings, or symptoms, of which any tells it."""
    severity: Severity
    """At least so bad."""


class Judgement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a senior says of findings."""

    key: str
    """A pattern; the first that fits holds, after those of planted faults."""
    verdict: Ruling
    reason: str


class Judged(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One `judged.toml`."""

    kind: Kind
    title: str
    features: tuple[str, ...]
    finding: tuple[Judgement, ...]
    index: tuple[SeniorIndex, ...] = ()
    planted: tuple[Planted, ...] = ()


@dataclass(frozen=True)
class App:
    """One app of the corpus."""

    name: str
    schema: str
    rows: str
    calls: tuple[Call, ...]
    observed_seconds: float
    """How long its traffic takes in production: what is measured here is so much a day there."""
    not_analyzed: tuple[str, ...]
    """Tables that nobody has analyzed."""
    begin: Callable[[Random], tuple[str, Sequence[object]]] | None
    """The first statement of each transaction, as the one that sets a tenant; None: there is none."""
    judged: Judged

    @property
    def role(self) -> str:
        """The role that sends the traffic."""
        return f"worth_{self.name}"


def _read(folder: Path) -> App:
    workload: Any = import_module(f"tests.worth.corpus.{folder.name}.workload")
    return App(
        name=folder.name,
        schema=(folder / "schema.sql").read_text(),
        rows=(folder / "rows.sql").read_text(),
        calls=workload.CALLS,
        observed_seconds=workload.OBSERVED_SECONDS,
        not_analyzed=getattr(workload, "NOT_ANALYZED", ()),
        begin=getattr(workload, "begin", None),
        judged=msgspec.toml.decode((folder / "judged.toml").read_bytes(), type=Judged),
    )


def read_apps(*names: str) -> tuple[App, ...]:
    """Return the apps of these names, or all."""
    folders = sorted(path.parent for path in FOLDER.glob("*/judged.toml"))
    return tuple(_read(folder) for folder in folders if not names or folder.name in names)
