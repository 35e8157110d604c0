"""What `pg_dump` wrote, statement by statement, and which of them may be restored.

A dump may come with a file from somebody else. Only definitions of known kinds are sent to a server; what runs at once
(DO, COPY, SELECT), reaches outside (LOAD, subscriptions), or is meant for psql, is not.
"""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from pgwright.errors import UnparsableStatement
from pgwright.sqltext import outline
from pgwright.sqltext.script import ScriptStatement, read_script, split_script

_HEADER = re.compile(r"^-- Name: (?P<name>.*?); Type: (?P<type>[^;]+); Schema: (?P<schema>[^;]*)", re.MULTILINE)
# pg_dump shuts psql's own commands out with these.
_OF_PSQL = re.compile(r"^\\(?:un)?restrict \w+$", re.MULTILINE)

# An owner may make all of these. None runs at once, but for constants that PostgreSQL folds, and REFRESH on a copy.
_RESTORED = {
    "AlterDomainStmt", "AlterEnumStmt", "AlterFunctionStmt", "AlterObjectDependsStmt", "AlterOperatorStmt",
    "AlterSeqStmt", "AlterStatsStmt", "AlterTableStmt", "AlterTSConfigurationStmt", "AlterTSDictionaryStmt",
    "AlterTypeStmt", "CompositeTypeStmt", "CreateCastStmt", "CreateConversionStmt", "CreateDomainStmt",
    "CreateEnumStmt", "CreateExtensionStmt", "CreateFunctionStmt", "CreatePolicyStmt", "CreateRangeStmt",
    "CreateSchemaStmt", "CreateSeqStmt", "CreateStatsStmt", "CreateStmt", "CreateTableAsStmt", "CreateTrigStmt",
    "DefineStmt", "IndexStmt", "RefreshMatViewStmt", "RuleStmt", "SelectStmt", "VariableSetStmt", "ViewStmt",
}  # fmt: skip
# Without meaning for plans: rights are given to all, comments to nobody.
_PASSED_OVER = {"AlterDefaultPrivilegesStmt", "AlterOwnerStmt", "CommentStmt", "GrantStmt", "SecLabelStmt"}
_RESTORED_SETTINGS = {"default_table_access_method", "search_path", "xmloption"}
_PASSED_OVER_SETTINGS = {
    "check_function_bodies", "client_encoding", "client_min_messages", "default_tablespace", "default_with_oids",
    "idle_in_transaction_session_timeout", "lock_timeout", "row_security", "standard_conforming_strings",
    "statement_timeout", "transaction_timeout",
}  # fmt: skip
_LANGUAGES = {"sql", "plpgsql"}


@dataclass(frozen=True)
class Definition:
    """One statement of a dump."""

    what: str
    """The object that it belongs to, for people: `table public.note`."""
    name: str
    """The object's name with its schema, as the dump writes it; "" where no header tells."""
    statement: ScriptStatement | None
    """None: the parser does not know it."""
    refusal: str
    """Why it may not be restored; "" when it may."""


def read_dump(schema_sql: str) -> tuple[Definition, ...]:
    """Return the statements of a dump, in their order, but for those without meaning for plans."""
    text = _OF_PSQL.sub("", schema_sql)
    headers = list(_HEADER.finditer(text))
    starts = [header.start() for header in headers]
    try:
        found: list[tuple[int, ScriptStatement | None, str]] = [(one.start, one, "") for one in read_script(text)]
    except UnparsableStatement:
        found = [one for start, end in _sections(starts, len(text)) for one in _one_by_one(text[start:end], start)]
    definitions = []
    for start, statement, problem in found:
        place = bisect(starts, start) - 1
        what, name = _named(headers[place]) if place >= 0 else ("an object of the schema", "")
        if statement is not None and _is_passed_over(statement):
            continue
        definitions.append(Definition(what, name, statement, problem or _refusal(statement)))
    return tuple(definitions)


def option(options: Any, name: str) -> Any:
    """Return the node of an option of a definition; None when it has none of that name."""
    found = (one["DefElem"] for one in options or () if "DefElem" in one)
    return next((one.get("arg") for one in found if one.get("defname") == name), None)


def word(node: Any) -> str:
    """Return what a node says that holds one word: a string, or the name of a type."""
    if not isinstance(node, dict):
        return ""
    if "TypeName" in node:
        return ".".join(word(one) for one in node["TypeName"].get("names", ()))
    return str(node.get("String", {}).get("sval", ""))


def _sections(starts: list[int], length: int) -> Iterator[tuple[int, int]]:
    places = [0, *starts, length]
    yield from pairwise(places)


def _one_by_one(section: str, start: int) -> Iterator[tuple[int, ScriptStatement | None, str]]:
    """Yield the statements of a section, though the parser may not know them all."""
    try:
        yield from ((start, one, "") for one in read_script(section))
    except UnparsableStatement:
        for part in split_script(section):
            try:
                yield from ((start, one, "") for one in read_script(part))
            except UnparsableStatement as error:
                yield start, None, error.reason


def _named(header: re.Match[str]) -> tuple[str, str]:
    name = header["name"] if header["schema"] == "-" else f"{header['schema']}.{header['name']}"
    return f"{header['type'].lower()} {name}", name


def _is_passed_over(statement: ScriptStatement) -> bool:
    if statement.kind == "VariableSetStmt":
        return statement.node.get("name") in _PASSED_OVER_SETTINGS
    return statement.kind in _PASSED_OVER


def _refusal(statement: ScriptStatement | None) -> str:
    if statement is None:
        return ""
    kind, node = statement.kind, statement.node
    if kind not in _RESTORED:
        return f"{outline(statement.text)} is not restored"
    if kind == "VariableSetStmt" and node.get("name") not in _RESTORED_SETTINGS:
        return f"the setting {node.get('name', '')} is not restored"
    if kind == "SelectStmt" and not _is_of_a_dump(node):
        return "a query is not restored"
    if kind == "CreateTableAsStmt" and not _is_empty_view(node):
        return "the rows of a query are not restored"
    if kind == "CreateFunctionStmt":
        language = word(option(node.get("options"), "language")).lower()
        if language and language not in _LANGUAGES:
            return f"functions in the language {language} are not restored"
    return ""


def _is_empty_view(node: Mapping[str, Any]) -> bool:
    return bool(node.get("into", {}).get("skipData")) and node.get("objtype") == "OBJECT_MATVIEW"


def _is_of_a_dump(node: Mapping[str, Any]) -> bool:
    """Tell whether a query is one that pg_dump writes among definitions: for the search path, or a large object."""
    targets = node.get("targetList", ())
    if len(targets) != 1 or set(node) - {"targetList", "limitOption", "op"}:
        return False
    call = targets[0].get("ResTarget", {}).get("val", {}).get("FuncCall", {})
    name = [word(one) for one in call.get("funcname", ())]
    if not all("A_Const" in one for one in call.get("args", ())):
        return False
    arguments = [one["A_Const"].get("sval", {}).get("sval", "") for one in call.get("args", ())]
    return name == ["pg_catalog", "lo_create"] or (
        name == ["pg_catalog", "set_config"] and arguments[:1] == ["search_path"]
    )
