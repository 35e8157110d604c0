"""A database that compares strings as production's does, as nearly as the embedded server can.

Its build has no ICU, and a machine may have few locales. To the planner a locale is either bytewise (C, POSIX, and all
of the provider `builtin`) or not, which decides whether LIKE 'x%' can use a plain index; so that is kept in any case.
The order itself only matters for ranges of text; a histogram is put in the order of the stand-in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

import psycopg
from psycopg import sql

from pgwright.embedded import OWNER, EmbeddedServer
from pgwright.model.names import quote
from pgwright.model.not_examined import NotExamined
from pgwright.model.server import Server
from pgwright.model.snapshot import Snapshot
from pgwright.model.statistics import ColumnStatistics
from pgwright.twin.dump import Definition, option, word

_BYTEWISE = ("C", "POSIX", "")
# They compare by code points, but the planner does not know.
_STAND_INS = ("C.UTF-8", "C.utf8", "en_US.UTF-8")
_PROVIDERS_SINCE, _STRATEGIES_SINCE, _BUILTIN_SINCE = 15, 15, 17
_TEXT_TYPES = ("text", "varchar", "bpchar")
_OF_CATALOG = re.compile(r'\bCOLLATE (?:pg_catalog\.)?(?:"(?P<quoted>[\w-]+-x-icu)"|(?P<plain>unicode)\b)')
_STAND_IN = f"(provider = libc, locale = '{_STAND_INS[0]}')"


def create_database(server: EmbeddedServer, name: str, like: Server) -> tuple[NotExamined, ...]:
    """Create an empty database of the owner's with the collation of another; tell when a stand-in had to do.

    Raises: psycopg.Error.
    """
    server.require_owner()
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


def has_icu(catalogs: psycopg.Connection) -> bool:
    """Tell whether a server was built with ICU."""
    own = "SELECT FROM pg_collation WHERE collprovider = 'i' AND collname = 'und-x-icu'"
    return catalogs.execute(own).fetchone() is not None


def make_collations(catalogs: psycopg.Connection, texts: Iterable[str]) -> tuple[str, ...]:
    """Make stand-ins for the catalog's collations of ICU that some texts name; return their names."""
    names = named_of_icu(texts)
    if names:
        catalogs.execute("SET allow_system_table_mods = on")
    for name in names:
        making = sql.SQL("CREATE COLLATION IF NOT EXISTS pg_catalog.{} " + _STAND_IN)
        catalogs.execute(making.format(sql.Identifier(name)))
    return names


def named_of_icu(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the catalog's collations of ICU that some texts name."""
    named = (found for text in texts for found in _OF_CATALOG.finditer(text))
    return tuple(sorted({found["quoted"] or found["plain"] for found in named}))


def is_of_icu(definition: Definition) -> bool:
    """Tell whether a definition makes a collation of ICU."""
    statement = definition.statement
    if statement is None or statement.kind != "DefineStmt" or statement.node.get("kind") != "OBJECT_COLLATION":
        return False
    return word(option(statement.node.get("definition"), "provider")).lower() == "icu"


def of_libc(definition: Definition) -> Definition:
    """Return the definition of a collation as one of libc."""
    statement = definition.statement
    assert statement is not None
    name = ".".join(quote(word(part)) for part in statement.node["defnames"])
    return replace(definition, statement=replace(statement, text=f"CREATE COLLATION {name} {_STAND_IN}"))


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
    option = {
        "builtin": " LOCALE_PROVIDER builtin LOCALE 'C' BUILTIN_LOCALE {}",
        "icu": " LOCALE_PROVIDER icu LOCALE 'C' ICU_LOCALE {}",
        "libc": " LOCALE_PROVIDER libc LOCALE {}" if server.programs.major >= _PROVIDERS_SINCE else " LOCALE {}",
    }[provider]
    # Without a word of it an older server copies the files.
    strategy = " STRATEGY wal_log" if server.programs.major >= _STRATEGIES_SINCE else ""
    command = sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE template0" + strategy + option)
    with server.admin() as connection:
        connection.execute(command.format(sql.Identifier(name), sql.Identifier(OWNER), sql.Literal(locale)))
