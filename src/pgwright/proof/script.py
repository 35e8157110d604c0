"""A script run on a copy, without psql: what others wrote must not reach a program that runs shell commands.

Of psql's own commands only those are known that `fix --sql` writes: `\\set ON_ERROR_STOP on`, and `\\gexec`, which runs
what a query gives.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
from pglast.parser import ParseError, scan

from pgwright.database import mask
from pgwright.errors import ProofError, UnparsableStatement
from pgwright.sqltext.script import read_script, split_script
from pgwright.visible import on_one_line

_BACKSLASH = "ASCII_92"
_COMMAND = re.compile(r"\\(?P<name>\S*)(?P<rest>[^\n]*)")
_STOPS = re.compile(r"\s+ON_ERROR_STOP\s+(?:on|1|true)\s*", re.IGNORECASE)
_BEFORE_A_STATEMENT = re.compile(r"(?:\s|--[^\n]*|/\*.*?\*/)*", re.DOTALL)


@dataclass(frozen=True)
class _Part:
    """SQL between two commands of psql."""

    text: str
    line: int
    """Of the script, where it begins; from 1."""
    gives_statements: bool
    """Whether what its last statement returns is run, too."""


def run_script(path: Path, dsn: str) -> None:
    """Run a script on a copy, statement by statement, and stop at the first error.

    Raises: ProofError: a statement failed, or the file is none of SQL alone.
    """
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeError) as error:
        raise ProofError(f"the script {str(path)!r} cannot be read: {error}") from error
    if "\0" in text:  # where C ends a text: what follows would be lost
        raise ProofError(f"the script {str(path)!r} cannot be read: it holds a zero byte")
    parts = list(_parts(text, path))
    with psycopg.connect(dsn, autocommit=True, prepare_threshold=None) as connection:
        for part in parts:
            statements = _statements(part)
            for number, (statement, line) in enumerate(statements, start=1):
                try:
                    result = connection.execute(statement.encode())
                    if part.gives_statements and number == len(statements):
                        for given in (value for row in result.fetchall() for value in row if value is not None):
                            connection.execute(str(given).encode())
                except psycopg.Error as error:
                    raise _failed(path, line, error.diag.message_primary or str(error)) from error


def _parts(text: str, path: Path) -> Iterator[_Part]:
    """Yield the SQL of a script, cut at psql's commands. Raises ProofError: it holds one that is not known."""
    try:
        tokens = scan(text)
    except (ParseError, UnicodeError) as error:
        raise _failed(path, None, str(error.args[0])) from error
    start = 0
    for place in (token.start for token in tokens if token.name == _BACKSLASH):
        found = _COMMAND.match(text, place)
        assert found is not None
        is_gexec = found["name"] == "gexec" and not found["rest"].strip()
        if not is_gexec and not (found["name"] == "set" and _STOPS.fullmatch(found["rest"])):
            reason = (
                f"'{on_one_line(found[0].strip())}' is a command of psql, which is not run: "
                "prove SQL alone, \\gexec and \\set ON_ERROR_STOP on"
            )
            raise _failed(path, _line(text, place), reason)
        yield _Part(text[start:place], _line(text, start), is_gexec)
        start = found.end()
    yield _Part(text[start:], _line(text, start), gives_statements=False)


def _statements(part: _Part) -> list[tuple[str, int]]:
    """Return the statements of a part, each with the line of the script where it begins."""
    try:
        found = [(one.text, one.start) for one in read_script(part.text)]
    except UnparsableStatement:  # the server may know more than the parser
        found, place = [], 0
        for text in split_script(part.text):
            place = part.text.index(text, place)
            found.append((text, place))
            place += len(text)
    return [(text, part.line + _line(part.text, _begin(part.text, start)) - 1) for text, start in found]


def _begin(text: str, start: int) -> int:
    found = _BEFORE_A_STATEMENT.match(text, start)
    return found.end() if found else start


def _line(text: str, place: int) -> int:
    return text.count("\n", 0, place) + 1


def _failed(path: Path, line: int | None, reason: str) -> ProofError:
    where = "" if line is None else f", at line {line}"
    return ProofError(f"the script {str(path)!r} failed on the copy{where}: {mask(reason.strip())}")
