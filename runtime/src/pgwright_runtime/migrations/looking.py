"""What a statement is, by its text: which tables it locks and how, and whether it runs outside of a transaction only.

It is read by its first words, so it is what is known before it runs; what it did lock, `pg_locks` says afterwards.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Mode = Literal[
    "RowExclusiveLock",
    "ShareUpdateExclusiveLock",
    "ShareLock",
    "ShareRowExclusiveLock",
    "AccessExclusiveLock",
]
Kind = Literal["session", "read", "build", "drop index", "reindex", "detach", "again", "other"]

_NAME = r'(?:"(?:[^"]|"")+"|[^\W\d][\w$]*)'
_QUALIFIED = rf"{_NAME}(?:\s*\.\s*{_NAME})?"
_COMMENT = re.compile(r"\s*(?:--[^\n]*(?:\n|$)|/\*.*?\*/|;)", re.S)
_SESSION = re.compile(
    r"(?:SET|RESET|SHOW|DISCARD|SAVEPOINT|RELEASE|ROLLBACK|BEGIN|START|COMMIT|END|LISTEN|UNLISTEN|PREPARE|DEALLOCATE)\b"
    r"|SELECT\s+(?:pg_catalog\.)?(?:set_config|pg_sleep)\s*\(",
    re.I,
)
_READ = re.compile(r"(SELECT|TABLE|VALUES|EXPLAIN|WITH|FETCH|DECLARE|CLOSE)\b", re.I)
_WRITES_INSIDE = re.compile(r"\b(INSERT|UPDATE|DELETE|MERGE)\b", re.I)
_BUILD = re.compile(
    rf"CREATE\s+(?:UNIQUE\s+)?INDEX\s+(?P<concurrently>CONCURRENTLY\s+)?(?:IF\s+NOT\s+EXISTS\s+)?(?P<name>{_QUALIFIED})?"
    rf"\s*\bON\s+(?:ONLY\s+)?(?P<table>{_QUALIFIED})",
    re.I,
)
_DROP_INDEX = re.compile(
    rf"DROP\s+INDEX\s+(?P<concurrently>CONCURRENTLY\s+)?(?:IF\s+EXISTS\s+)?(?P<name>{_QUALIFIED})", re.I
)
_REINDEX = re.compile(
    rf"REINDEX\s*(?P<options>\([^)]*\))?\s*(?P<what>INDEX|TABLE|SCHEMA|DATABASE|SYSTEM)\s+(?P<concurrently>CONCURRENTLY)?"
    rf"\s*(?P<name>{_QUALIFIED})?",
    re.I,
)
_DETACH = re.compile(
    rf"ALTER\s+TABLE\s+(?:IF\s+EXISTS\s+)?(?P<table>{_QUALIFIED})\s+DETACH\s+PARTITION\s+(?P<name>{_QUALIFIED})"
    r"(?P<concurrently>\s+CONCURRENTLY)?",
    re.I,
)
# What changes the schema and no row: what is done is done, whatever was read before.
_SCHEMA = re.compile(r"(CREATE|ALTER|DROP|COMMENT|GRANT|REVOKE|REINDEX|CLUSTER|SECURITY|REASSIGN|LOCK)\b", re.I)
_CREATES_ROWS = re.compile(r"CREATE\s+(?:\w+\s+)*TABLE\b.*\bAS\b", re.I | re.S)
_CATALOG = re.compile(r"\b(?:pg_catalog|information_schema)\s*\.", re.I)
_TABLES_READ = re.compile(r"\b(?:FROM|JOIN)\s+(?!LATERAL\b|\()([\w$\".]+)", re.I)
# Doing it again does no harm, and ends what was begun.
_AGAIN = re.compile(r"(VACUUM|ANALYZE|ANALYSE|CHECKPOINT|CLUSTER|REFRESH\s+MATERIALIZED\s+VIEW)\b", re.I)
_VACUUMS = re.compile(r"VACUUM\b", re.I)
_ALTER = re.compile(
    rf"ALTER\s+(?:TABLE|INDEX|MATERIALIZED\s+VIEW)\s+(?:IF\s+EXISTS\s+)?(?:ONLY\s+)?(?P<table>{_QUALIFIED})\s*\*?\s*"
    r"(?P<rest>.*)",
    re.I | re.S,
)
_GENTLE = re.compile(
    r"(VALIDATE\s+CONSTRAINT|ALTER\s+(COLUMN\s+)?\S+\s+SET\s+(STATISTICS|\()|SET\s*\(|RESET\s*\()", re.I
)
_ADD_KEY = re.compile(rf"ADD\s+(CONSTRAINT\s+{_NAME}\s+)?FOREIGN\s+KEY\b", re.I)
_REFERENCES = re.compile(rf"\bREFERENCES\s+(?P<table>{_QUALIFIED})", re.I)
_ON_TABLE = rf"\s+(?:IF\s+EXISTS\s+)?(?:ONLY\s+)?(?P<table>{_QUALIFIED})"
_ON_TABLES: tuple[tuple[str, Mode], ...] = (
    (rf"(?:DROP\s+TABLE|TRUNCATE(?:\s+TABLE)?|LOCK(?:\s+TABLE)?){_ON_TABLE}", "AccessExclusiveLock"),
    (rf"CREATE\s+(?:OR\s+REPLACE\s+)?(?:CONSTRAINT\s+)?TRIGGER\s+{_NAME}\s.*?\bON{_ON_TABLE}", "ShareRowExclusiveLock"),
    (
        rf"(?:DROP\s+TRIGGER|(?:CREATE|ALTER|DROP)\s+POLICY)\s+(?:IF\s+EXISTS\s+)?{_NAME}\s+ON{_ON_TABLE}",
        "AccessExclusiveLock",
    ),
    (rf"(?:UPDATE|DELETE\s+FROM|INSERT\s+INTO|MERGE\s+INTO){_ON_TABLE}", "RowExclusiveLock"),
)


@dataclass(frozen=True)
class SqlLook:
    """A statement, as far as its text says."""

    kind: Kind
    needs: tuple[tuple[str, Mode], ...] = ()
    """Tables that it locks, as written, and how."""
    name: str = ""
    """The index or partition that it is about, as written."""
    is_bare: bool = False
    """It runs outside of a transaction only."""
    is_lasting: bool = False
    """It waits for older transactions, and nobody who reads or writes waits for it."""
    writes_rows: bool = False
    """It may write rows."""
    reads_rows: bool = False
    """It may read rows of tables other than the catalogs."""

    @property
    def table(self) -> str:
        return self.needs[0][0] if self.needs else ""


def look_at(text: str) -> SqlLook:
    """Return what a statement is.

    >>> look_at("CREATE INDEX CONCURRENTLY ix ON public.note (a)").needs
    (('public.note', 'ShareUpdateExclusiveLock'),)
    >>> look_at("ALTER TABLE note ADD COLUMN kept boolean").needs
    (('note', 'AccessExclusiveLock'),)
    """
    text = _bare_start(text)
    if _SESSION.match(text):
        return SqlLook("session")
    if _READ.match(text) and not _WRITES_INSIDE.search(text):
        return SqlLook("read", reads_rows=_reads_tables(text))
    for look in (_build, _drop, _reindex, _detach):
        if (found := look(text)) is not None:
            return found
    if _AGAIN.match(text):
        return SqlLook("again", is_bare=bool(_VACUUMS.match(text)), is_lasting=bool(_VACUUMS.match(text)))
    is_schema = bool(_SCHEMA.match(text)) and not _CREATES_ROWS.match(text)
    return SqlLook("other", _needs(text), writes_rows=not is_schema)


def _reads_tables(text: str) -> bool:
    """True unless every table that it names is one of the catalogs, as an inspector's are."""
    named = _TABLES_READ.findall(text)
    return not named or not all(_CATALOG.match(name) for name in named)


def _bare_start(text: str) -> str:
    while (found := _COMMENT.match(text)) is not None and found.end():
        text = text[found.end() :]
    return text.lstrip()


def _build(text: str) -> SqlLook | None:
    if (found := _BUILD.match(text)) is None:
        return None
    beside = bool(found["concurrently"])
    name = found["name"] or ""
    if name.upper() == "ON":  # CREATE INDEX ON note (a): the server gives the name
        name = ""
    mode: Mode = "ShareUpdateExclusiveLock" if beside else "ShareLock"
    return SqlLook("build", ((found["table"], mode),), name, beside, beside)


def _drop(text: str) -> SqlLook | None:
    if (found := _DROP_INDEX.match(text)) is None:
        return None
    beside = bool(found["concurrently"])
    # The name of an index is a relation's too; its table is found by it.
    mode: Mode = "ShareUpdateExclusiveLock" if beside else "AccessExclusiveLock"
    return SqlLook("drop index", ((found["name"], mode),), found["name"], beside, beside)


def _reindex(text: str) -> SqlLook | None:
    if (found := _REINDEX.match(text)) is None:
        return None
    beside = bool(found["concurrently"]) or "concurrently" in (found["options"] or "").lower()
    is_wide = found["what"].upper() not in ("INDEX", "TABLE")
    mode: Mode = "ShareUpdateExclusiveLock" if beside else "AccessExclusiveLock"
    needs = () if is_wide or not found["name"] else ((found["name"], mode),)
    return SqlLook("reindex", needs, found["name"] or "", beside or is_wide, beside)


def _detach(text: str) -> SqlLook | None:
    found = _DETACH.match(text)
    if found is None or not found["concurrently"]:
        return None
    return SqlLook("detach", ((found["table"], "ShareUpdateExclusiveLock"),), found["name"], True, True)


def _needs(text: str) -> tuple[tuple[str, Mode], ...]:
    if (found := _ALTER.match(text)) is not None:
        rest = found["rest"]
        mode: Mode = "AccessExclusiveLock"
        if _GENTLE.match(rest):
            mode = "ShareUpdateExclusiveLock"
        elif _ADD_KEY.match(rest):
            mode = "ShareRowExclusiveLock"
        return ((found["table"], mode), *_referenced(rest))
    for pattern, of_pattern in _ON_TABLES:
        if (found := re.match(pattern, text, re.I | re.S)) is not None:
            return ((found["table"], of_pattern),)
    return tuple(_referenced(text)) if re.match(r"CREATE\s+(UNLOGGED\s+)?TABLE\b", text, re.I) else ()


def _referenced(text: str) -> list[tuple[str, Mode]]:
    return [(found["table"], "ShareRowExclusiveLock") for found in _REFERENCES.finditer(text)]


_ALL = (
    "AccessShareLock", "RowShareLock", "RowExclusiveLock", "ShareUpdateExclusiveLock", "ShareLock",
    "ShareRowExclusiveLock", "ExclusiveLock", "AccessExclusiveLock",
)  # fmt: skip


def conflicting(mode: Mode) -> tuple[str, ...]:
    """Return the modes that conflict with one. Source: PostgreSQL manual, table "Conflicting Lock Modes".

    >>> conflicting("ShareLock")[:2]
    ('RowExclusiveLock', 'ShareUpdateExclusiveLock')
    """
    first = {
        "AccessExclusiveLock": 0, "ShareRowExclusiveLock": 2, "ShareLock": 2, "ShareUpdateExclusiveLock": 3,
        "RowExclusiveLock": 4,
    }[mode]  # fmt: skip
    return tuple(each for each in _ALL[first:] if (mode, each) != ("ShareLock", "ShareLock"))
