"""Comments in a revision that keep a finding quiet: `# pgwright: ignore[rule] because the table is empty`.

One on the line of a statement, or above it, is about that statement; above `def upgrade():` about all of it; outside of
functions about the file.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from pgwright.model.finding import CodeLine, Finding

_COMMENT = re.compile(r"#\s*pgwright:\s*ignore\b\s*(?:\[(?P<rules>[^\]]*)\])?\s*(?P<rest>.*)", re.IGNORECASE)
_REASON = re.compile(r"because\s+(?P<reason>\S.*)", re.IGNORECASE)
FORM = "# pgwright: ignore[RULE] because REASON"
_WHOLE = (1, 1_000_000_000)


@dataclass(frozen=True)
class Ignore:
    """One comment."""

    place: CodeLine
    rules: tuple[str, ...]
    reason: str
    """"" where it states none; then it ignores nothing."""
    first: int
    """The lines that it is about; none where `last` is less."""
    last: int

    def covers(self, finding: Finding, path: str) -> bool:
        """Tell whether it is about a finding in a file, whatever reason it states."""
        if path != self.place.file or finding.check not in self.rules:
            return False
        return self.is_of_file if finding.place is None else self.first <= finding.place.line <= self.last

    @property
    def is_of_file(self) -> bool:
        return (self.first, self.last) == _WHOLE

    def fault(self, *, is_used: bool, ran: Collection[str]) -> str:
        """Return what is wrong with it; "" where nothing is.

        Args:
            is_used: a finding is there for it.
            ran: the checks that looked; what others would have found is not known.
        """
        where = f"{self.place.file}:{self.place.line}"
        if not self.rules:
            return f"the comment at {where} names no rule, so it ignores nothing. Write: {FORM}"
        if not self.reason:
            return f"the comment at {where} states no reason, so it ignores nothing. Write: {FORM}"
        if not is_used and ran and set(self.rules) <= set(ran):
            return f"the comment at {where} ignores {', '.join(self.rules)}, and no such finding is there. Delete it"
        return ""


def read_ignores(source: str, file: str) -> tuple[Ignore, ...]:
    """Return the comments of a file that ignore findings; none where it is no Python."""
    try:
        tree = ast.parse(source)
        comments = list(_comments(source))
    except (SyntaxError, ValueError, tokenize.TokenError):
        return ()
    lines = source.splitlines()
    return tuple(_read(found, token, tree, lines, file) for found, token in comments)


def _comments(source: str) -> Iterator[tuple[re.Match[str], tokenize.TokenInfo]]:
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT and (found := _COMMENT.match(token.string)):
            yield found, token


def _read(found: re.Match[str], token: tokenize.TokenInfo, tree: ast.Module, lines: list[str], file: str) -> Ignore:
    line, column = token.start
    rules = tuple(dict.fromkeys(filter(None, (one.strip() for one in (found["rules"] or "").split(",")))))
    reason = _REASON.match(found["rest"])
    first, last = _lines_of(line, column, tree, lines)
    return Ignore(CodeLine(file, line, ""), rules, reason["reason"].strip() if reason else "", first, last)


def _lines_of(line: int, column: int, tree: ast.Module, lines: list[str]) -> tuple[int, int]:
    """Return the first and the last line that a comment is about."""
    spans = [(_first(one), one.end_lineno or one.lineno, one) for one in ast.walk(tree) if isinstance(one, ast.stmt)]
    # Inside of a statement of several lines, at its end, or on the line that opens a block.
    around = [(first, last) for first, last, one in spans if first <= line <= last and not _has_body(one)]
    opened = [(first, last) for first, last, one in spans if _has_body(one) and first <= line < _body(one)]
    if around or opened:
        return min((*around, *opened), key=lambda span: span[1] - span[0])
    below = line + 1
    while below <= len(lines) and lines[below - 1].lstrip().startswith("#"):
        below += 1
    starting = [(last, one) for first, last, one in spans if first == below]
    if column == 0 and not any(_has_body(one) for _, one in starting):
        return _WHOLE
    return (below, max(last for last, _ in starting)) if starting else (1, 0)


def _first(statement: ast.stmt) -> int:
    decorators = getattr(statement, "decorator_list", [])
    return min([statement.lineno, *(int(one.lineno) for one in decorators)])


def _has_body(statement: ast.stmt) -> bool:
    return bool(getattr(statement, "body", None))


def _body(statement: ast.stmt) -> int:
    """Return the first line of a block."""
    body: list[ast.stmt] = getattr(statement, "body", [])
    return _first(body[0])
