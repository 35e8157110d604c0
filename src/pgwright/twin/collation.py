"""A database that compares strings as production's does, as nearly as the embedded server can.

Its build has no ICU, and a machine may have few locales. To the planner a locale is either bytewise (C, POSIX, and all
of the provider `builtin`) or not, which decides whether LIKE 'x%' can use a plain index; so that is kept in any case.
The order itself only matters for ranges of text; a histogram is put in the order of the stand-in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import psycopg
from psycopg import sql

from pgwright.embedded import EmbeddedServer
from pgwright.model.not_examined import NotExamined
from pgwright.model.server import Server
from pgwright.model.snapshot import Snapshot
from pgwright.model.statistics import ColumnStatistics

_BYTEWISE = ("C", "POSIX", "")
# They compare by code points, but the planner does not know.
_STAND_INS = ("C.UTF-8", "C.utf8", "en_US.UTF-8")
_PROVIDERS_SINCE, _BUILTIN_SINCE = 15, 17
_TEXT_TYPES = ("text", "varchar", "bpchar")
_OF_CATALOG = re.compile(r'\bCOLLATE pg_catalog\.("(?:[^"]|"")+-x-icu"|unicode)')
_OF_USER = re.compile(r"^(CREATE COLLATION \S+) \(provider = icu,.*\);$", re.MULTILINE)


def create_database(server: EmbeddedServer, name: str, like: Server) -> tuple[NotExamined, ...]:
    """Create an empty database with the collation of another; tell when a stand-in had to do. Raises psycopg.Error."""
    wanted = _wanted(like)
    refused: psycopg.Error | None = None
    for provider, locale in _choices(like.locale_provider, wanted, server.programs.major):
        try:
            _create(server, name, provider, locale)
        except psycopg.Error as error:
            refused = refused or error
            continue
        if refused is None:
            return ()
        reason = refused.diag.message_primary or str(refused)
        return (NotExamined(f"collation {wanted}", f"{reason}; the twin orders text by {locale}, by code points"),)
    assert refused is not None
    raise refused


def in_order_of_stand_in(snapshot: Snapshot) -> Iterator[ColumnStatistics]:
    """Yield the statistics with the histograms of text in the order of code points."""
    for known in snapshot.statistics:
        table = snapshot.table_by_name.get(known.relation)
        column = table.column_by_name.get(known.column) if table else None
        if column and column.base_type in _TEXT_TYPES and column.collation is None and known.histogram:
            yield replace(known, histogram=tuple(sorted(known.histogram)))
        else:
            yield known


def without_icu(schema_sql: str) -> str:
    """Return a schema in which collations of ICU, those of the catalog and the user's own, are stand-ins of libc."""
    option = f"(provider = libc, locale = '{_STAND_INS[0]}')"
    names = sorted(set(_OF_CATALOG.findall(schema_sql)))
    made = "".join(f"CREATE COLLATION IF NOT EXISTS pg_catalog.{name} {option};\n" for name in names)
    return made + _OF_USER.sub(rf"\1 {option};", schema_sql)


def _wanted(like: Server) -> str:
    return like.locale if like.locale_provider != "libc" and like.locale else like.collation


def _choices(provider: str, locale: str, major: int) -> Iterator[tuple[str, str]]:
    if provider == "builtin" or locale in _BYTEWISE:
        if major < _BUILTIN_SINCE:
            yield "libc", "C"
            return
        if provider == "builtin":
            yield "builtin", locale
        yield "builtin", "C.UTF-8"
        return
    yield provider, locale
    yield from (("libc", one) for one in _STAND_INS)


def _create(server: EmbeddedServer, name: str, provider: str, locale: str) -> None:
    if server.programs.major >= _PROVIDERS_SINCE:
        option = (
            "STRATEGY wal_log "
            + {
                "builtin": "LOCALE_PROVIDER builtin LOCALE 'C' BUILTIN_LOCALE {}",
                "icu": "LOCALE_PROVIDER icu LOCALE 'C' ICU_LOCALE {}",
                "libc": "LOCALE_PROVIDER libc LOCALE {}",
            }[provider]
        )
    else:
        option = "LOCALE {}"
    command = sql.SQL("CREATE DATABASE {} TEMPLATE template0 " + option)
    with server.admin() as connection:
        connection.execute(command.format(sql.Identifier(name), sql.Literal(locale)))
