"""The functions of a schema as pg_dump writes it, and what their bodies name: a text in quotes depends on nothing."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from pgwright.model.names import QualifiedName, quote

_NAME = r'(?:"(?:[^"]|"")+"|[^\s(."]+)'
_FULL_NAME = rf"{_NAME}(?:\.{_NAME})?"
_FUNCTION = re.compile(rf"CREATE (?:OR REPLACE )?(?:FUNCTION|PROCEDURE) ({_FULL_NAME})\(")
_RULE = re.compile(rf"^CREATE (?:OR REPLACE )?RULE ({_NAME}) AS\n(.*?);\n\n", re.MULTILINE | re.DOTALL)
_TRIGGER = re.compile(
    r"^CREATE (?:CONSTRAINT )?TRIGGER (?P<rest>(?:(?!;\n).)*?) EXECUTE (?:FUNCTION|PROCEDURE) "
    rf"(?P<name>{_FULL_NAME})\(",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Function:
    name: str
    """As SQL text, with its schema where it is in another than `public`."""
    body: str

    def names(self, spellings: Collection[str]) -> bool:
        """Tell whether one of these names is a word of the body."""
        return bool(spellings) and _words(spellings).search(self.body) is not None


def functions(schema_sql: str) -> Iterator[Function]:
    """Yield the functions and procedures of a dump."""
    heads = [*_FUNCTION.finditer(schema_sql)]
    ends = [head.start() for head in heads[1:]] + [len(schema_sql)]
    for head, end in zip(heads, ends, strict=False):
        yield Function(head[1].removeprefix("public."), _body(schema_sql[head.end() : end]))


def rules(schema_sql: str) -> Iterator[Function]:
    """Yield the rules of a dump as if they were functions: what they do is not in the workload either."""
    for found in _RULE.finditer(schema_sql):
        yield Function(f"the rule {found[1]}", found[2])


def functions_that_name(schema_sql: str, things: Collection[QualifiedName]) -> tuple[str, ...]:
    """Return the functions whose body holds the name of one of these tables or indexes."""
    spellings = {spelling for one in things for spelling in (one.name, quote(one.name))}
    return tuple(one.name for one in functions(schema_sql) if one.names(spellings))


def functions_of_triggers(schema_sql: str, tables: Collection[QualifiedName]) -> tuple[str, ...]:
    """Return the functions that triggers of these tables call, which get whole rows and need not name the table."""
    places = re.compile("|".join(rf" ON {re.escape(str(table))} " for table in tables) or r"(?!)")
    found = (one for one in _TRIGGER.finditer(schema_sql) if places.search(f"{one['rest']} "))
    return tuple(dict.fromkeys(one["name"].removeprefix("public.") for one in found))


def _words(spellings: Collection[str]) -> re.Pattern[str]:
    return re.compile("|".join(rf"(?<![\w$]){re.escape(word)}(?![\w$])" for word in sorted(spellings)))


def _body(text: str) -> str:
    """Return the text of a function up to the blank lines that end it in a dump."""
    quoted = re.search(r"\bAS (\$\w*\$)(.*?)\1", text, re.DOTALL)
    return quoted[2] if quoted else text.split(";\n\n\n", 1)[0]
