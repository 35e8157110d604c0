"""Statements as text: what can be told, or mended, without parsing."""

from __future__ import annotations

import re

from pglast.parser import ParseError as ScanError
from pglast.parser import scan

# `->` and `->>` take a key, or the place of an element.
_WHERE = re.compile(r"\bwhere\b", re.IGNORECASE)
_UNKNOWN_KEY = re.compile(r"->>?\s*+\(?\s*+\$\d")
# Comments and parentheses may lead.
_PLANNED = re.compile(
    r"(?:\s|\(|/\*.*?\*/|--[^\n]*\n)*(?:select|with|insert|update|delete|merge|values|table)\b",
    re.IGNORECASE | re.DOTALL,
)
_LEAD = r"(?:\s|/\*.*?\*/|--[^\n]*\n)*"
_QUERY = r"(?=[\s(]*(?:select|with|values|table|insert|update|delete|merge)\b)"
_AROUND_QUERY = tuple(
    re.compile(_LEAD + pattern, re.IGNORECASE | re.DOTALL)
    for pattern in (
        rf"declare\s.*?\scursor\s(?:\s*with(?:out)?\s+hold\s)?\s*for\s+{_QUERY}(?P<query>.*)",
        rf"copy\s*\({_QUERY}(?P<query>.*)\)\s*to\b",
        rf"prepare\s.*?\sas\s+{_QUERY}(?P<query>.*)",
        rf"create\s+(?:\w+\s+){{0,2}}(?:table|materialized\s+view)\s.*?\sas\s+{_QUERY}(?P<query>.*)",
    )
)
_SELECT_INTO = re.compile(rf"{_LEAD}select\b.*\binto\b", re.IGNORECASE | re.DOTALL)
_NAME = r'(?:"(?:[^"]|"")*+"|[^\W\d][\w$]*+)'
_TARGET = re.compile(
    r"into\s+(?:(?:local\s+|global\s+)?temp(?:orary)?\s+|unlogged\s+)?(?:table\s+)?"
    rf"(?!(?:from|where|group|having|order|limit|union)\b){_NAME}(?:\s*\.\s*{_NAME})*",
    re.IGNORECASE,
)
_WITH_DATA = re.compile(r"\s+with\s+(?:no\s+)?data\s*$", re.IGNORECASE)
# What names an object and no value: the command, a table to copy to, a view to refresh, a procedure.
_OUTLINE = re.compile(
    r"copy\s+[^\s(]+\s*(?:\([^)]*\)\s*)?(?:from|to)\b|refresh\s+materialized\s+view\s+[^;']+|call\s+[^\s(]+"
    r"|(?:[a-z_]\w*\s*){1,3}(?![\w.])",
    re.IGNORECASE,
)
_ENDS_EARLY = ("at end of input", "unterminated")
_STRING = re.compile(r"'(?:[^']|'')*'")
# What links two parts of a chain, each nested in the next; comparisons do not chain, and AND and OR are flat.
_LINK = re.compile(
    r"\b(?:union|intersect|except|join)\b|(?!(?:[<>=]|<=|>=|<>|!=)(?![-+*/%^|#&~!@?<>=:]))[-+*/%^|#&~!@?<>=:]+",
    re.IGNORECASE,
)
# Between 10,000 and 30,000 the parser's copy of the tree overflows an ordinary stack of 8 MB, which ends the process.
_MOST_LINKS = 10_000
_TYPED_CONSTANT = re.compile(r"\b(interval|timestamptz|timestamp|date|time|timetz) (\$\d+)\b", re.IGNORECASE)
_EXTRACT = re.compile(r"\bextract\s*\(\s*(\$\d+)\s+from\b", re.IGNORECASE)
_SQUASHED = re.compile(r"(\bNOT\s+)?\bIN\s*\(\s*(\$\d+) /\*, \.\.\. \*/\s*\)", re.IGNORECASE)
_SELECT = re.compile(r"SELECT (?:DISTINCT )?", re.IGNORECASE)
_TOKEN = re.compile(r"""[()]|'(?:[^']|'')*'|"(?:[^"]|"")*"| FROM """, re.IGNORECASE)


def has_plan(text: str) -> bool:
    """Tell by its first word whether a statement is planned at all; SAVEPOINT, SET, COPY or DDL are not.

    >>> has_plan("/* app */ select 1"), has_plan("RELEASE $1")
    (True, False)
    """
    return _PLANNED.match(text) is not None


def inner_query(text: str) -> str | None:
    """Return the part of a statement that is planned: all of it, or the query inside a utility statement.

    DECLARE CURSOR, COPY (query) TO, PREPARE, CREATE TABLE AS and CREATE MATERIALIZED VIEW hold one. EXPLAIN is no work
    of the app.

    >>> inner_query("DECLARE c CURSOR WITH HOLD FOR SELECT 1"), inner_query("COPY (TABLE t) TO STDOUT (FORMAT csv)")
    ('SELECT 1', 'TABLE t')
    >>> inner_query("CREATE TEMP TABLE x (a) AS VALUES (1) WITH NO DATA"), inner_query("BEGIN")
    ('VALUES (1)', None)
    >>> inner_query("SELECT a AS into INTO TEMP TABLE s.x FROM t WHERE b = 'c'")
    "SELECT a AS into FROM t WHERE b = 'c'"
    """
    if has_plan(text):
        return _without_target(text)
    for pattern in _AROUND_QUERY:
        if (found := pattern.match(text)) is not None:
            return _WITH_DATA.sub("", found["query"].rstrip().rstrip(";"))
    return None


def _without_target(text: str) -> str:
    """Return a query without the table that SELECT INTO makes, for that exists when the query is planned again."""
    if _SELECT_INTO.match(text) is None:
        return text
    try:
        tokens = [(token.name, token.start, token.end) for token in scan(text)]
    except ScanError:  # its end is missing, say
        return text
    depth = 0
    for number, (name, start, _) in enumerate(tokens):
        depth += {"ASCII_40": 1, "ASCII_41": -1}.get(name, 0)
        is_target = name == "INTO" and depth == 0 and tokens[number - 1][0] not in ("AS", "ASCII_46")
        if is_target and (target := _TARGET.match(text, start)) is not None:
            return f"{text[:start].rstrip()} {text[target.end() :].lstrip()}".rstrip()
    return text


def outline(text: str) -> str:
    """Return what a utility statement does, without any value that it may hold: a password, a setting, rows.

    >>> outline("ALTER ROLE bob PASSWORD 'x'"), outline("COMMIT"), outline("SET app.user = 'bob'")
    ('ALTER ROLE bob …', 'COMMIT', 'SET …')
    >>> outline("COPY s.t (a, b) FROM STDIN"), outline("DO $$ BEGIN END $$"), outline("CALL s.p(1)")
    ('COPY s.t (a, b) FROM …', 'DO …', 'CALL s.p …')
    """
    text = text.strip().rstrip(";")
    found = _OUTLINE.match(text)
    if found is None:
        return "…" if text else ""
    return found[0] if found.end() == len(text) else f"{found[0].rstrip()} …"


def is_cut_off(text: str, reason: str = "") -> bool:
    """Tell whether the end of a statement is missing, as views of some hosts leave it.

    Args:
        reason: what the parser said against it.

    >>> is_cut_off("SELECT a FROM…"), is_cut_off("SELECT a FROM", "syntax error at end of input"), is_cut_off("SELEC 1")
    (True, True, False)
    """
    return text.rstrip().endswith(("…", "...")) or any(word in reason for word in _ENDS_EARLY)


def is_too_deep(text: str) -> bool:
    """Tell whether a statement has so long a chain of operators, joins or unions that it cannot be parsed.

    >>> is_too_deep("SELECT 1" + " + 1" * 10_001), is_too_deep("SELECT 1 WHERE a > 1" + " AND a > 1" * 10_001)
    (True, False)
    """
    if len(text) <= 2 * _MOST_LINKS:
        return False
    return sum(1 for _ in _LINK.finditer(_STRING.sub("''", text))) > _MOST_LINKS


def repaired(text: str) -> str:
    """Return a normalised statement as the grammar accepts it again.

    `pg_stat_statements` writes `interval '1 day'` as `interval $1`, which no parser takes; a cast says the same.
    Likewise `extract(year FROM t)`, which becomes `extract($1 FROM t)`: a call of the function behind it says the same.
    Since PostgreSQL 18 a list of constants is one parameter; an array in its place is planned alike, however long.

    >>> repaired("SELECT now() - interval $1 WHERE d > DATE $2")
    'SELECT now() - $1::interval WHERE d > $2::date'
    >>> repaired("SELECT extract($1 FROM at)")
    'SELECT pg_catalog."extract"($1, at)'
    >>> repaired("SELECT 1 FROM t WHERE a IN ($1 /*, ... */) AND b NOT IN ($2 /*, ... */)")
    'SELECT 1 FROM t WHERE a = ANY ($1) AND b <> ALL ($2)'
    """
    text = _SQUASHED.sub(lambda found: f"{'<> ALL' if found[1] else '= ANY'} ({found[2]})", text)
    text = _EXTRACT.sub(lambda found: f'pg_catalog."extract"({found[1]},', text)
    return _TYPED_CONSTANT.sub(lambda found: f"{found[2]}::{found[1].lower()}", text)


def gist(statement: str, limit: int = 100) -> str:
    """Return a statement on one line, cut to so many characters; of a long one the list of columns goes first.

    >>> gist("SELECT m.id, m.body, m.created_at FROM messages AS m WHERE m.id = $1", 50)
    'SELECT … FROM messages AS m WHERE m.id = $1'
    """
    line = " ".join(statement.split())
    if len(line) > limit and (found := _SELECT.match(line)):
        depth = 0
        for token in _TOKEN.finditer(line, found.end()):
            depth += {"(": 1, ")": -1}.get(token[0], 0)
            if depth == 0 and token[0].upper() == " FROM ":
                line = f"{found[0]}…{line[token.start() :]}"
                break
    return line if len(line) <= limit else line[: limit - 1] + "…"


def asks_unknown_key(text: str) -> bool:
    """Tell whether a condition is on a key of a JSON value that is a parameter: an index is of one key, and which?

    >>> asks_unknown_key("SELECT a FROM t WHERE b ->> $1 = $2"), asks_unknown_key("SELECT b -> $1 FROM t WHERE a = $2")
    (True, False)
    """
    where = _WHERE.search(text)
    return where is not None and _UNKNOWN_KEY.search(text, where.end()) is not None
