"""What tells the app's statements from ours and from backups, wherever `pg_stat_statements` counts them together."""

from __future__ import annotations

import re

MARK = "/* pgwright */"
_LEAD = r"(?:\s|/\*.*?\*/|--[^\n]*\n)*"
_FIRST_WORD = re.compile(rf"{_LEAD}\w+", re.DOTALL)
_NAME = r'(?:"(?:[^"]|"")++"|[^\W\d][\w$]*+)'
# As pg_dump reads rows; of a query, COPY is the app's.
_BACKUP = re.compile(
    rf"{_LEAD}copy\s+{_NAME}(?:\s*\.\s*{_NAME})?\s*(?:\((?:\s*{_NAME}\s*,?)*\)\s*)?to\s+stdout\b",
    re.IGNORECASE | re.DOTALL,
)
# What pg_dump says after its BEGIN, for a backup each night or for us.
_DUMP = re.compile(
    rf"{_LEAD}set\s+transaction\s+isolation\s+level\s+repeatable\s+read,\s+read\s+only\s*+;?\s*+$", re.IGNORECASE
)
# As retention looks up what falls with a row: the runtime's, whose form nobody else can change.
_RETENTION = " AS pgwright_above "
# As `probe` asked for ids before it marked what it sends.
_FORMER = re.compile(
    r"(?:WITH counted AS \(SELECT value, count\(\*\) AS children FROM \()?"
    r'SELECT "(?:[^"]|"")++" AS value FROM (?:"(?:[^"]|"")++"(?:\.| WHERE | )){3}(?:IS NOT NULL|= \$\d+ LIMIT)'
)


def marked(text: str) -> str:
    """Return a statement of ours as it is sent: with the mark after its first word, for what leads may be cut off.

    >>> marked("-- why" + chr(10) + "SELECT 1").splitlines()
    ['-- why', 'SELECT /* pgwright */ 1']
    """
    first = _FIRST_WORD.match(text)
    return text if first is None else f"{text[: first.end()]} {MARK}{text[first.end() :]}"


def is_of_app(text: str) -> bool:
    """Tell whether a statement is of the app: not one of ours, and no backup that reads a whole table.

    >>> is_of_app("SELECT /* app */ id FROM t"), is_of_app("COPY (SELECT id FROM t) TO STDOUT")
    (True, True)
    >>> is_of_app(marked("SELECT id FROM t")), is_of_app('COPY public."a(b)" (id, "c,d") TO stdout')
    (False, False)
    >>> is_of_app('SELECT "a".ctid FROM a AS pgwright_above JOIN b ON true')
    False
    """
    is_marked = MARK in text or _RETENTION in text
    return not is_marked and _BACKUP.match(text) is None and _FORMER.match(text) is None


def begins_dump(text: str) -> bool:
    """Tell whether a command is the one by which pg_dump begins its transaction, after BEGIN.

    >>> begins_dump("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"), begins_dump("BEGIN")
    (True, False)
    """
    return _DUMP.match(text) is not None
