"""The statement of the workload that a text of the log is a call of."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pglast import fingerprint
from pglast.parser import ParseError

from pgwright.logs.values import is_costly, is_same
from pgwright.model.statement import Statement
from pgwright.sqltext import inner_query, repaired
from pgwright.sqltext.text import is_too_deep

# Texts that differ in these only are of one statement.
_VARYING = re.compile(r"'(?:[^']|'')*+(?:'|\Z)|/\*.*?(?:\*/|\Z)|--[^\n]*|\$?\b\d+(?:\.\d+)?", re.DOTALL)
_EXTRACT = re.compile(r"\bextract\s*\(\s*\$\d+\s+from\b", re.IGNORECASE)
_MOST_REMEMBERED = 20_000


class KnownStatements:
    """The statements of a snapshot that have a plan, found by what a text of the log has in common with theirs."""

    def __init__(self, statements: Iterable[Statement]) -> None:
        self._by_id: dict[int, str] = {}
        self._by_fingerprint: dict[str, dict[str, None]] = {}
        self._remembered: dict[tuple[int, int], str | None] = {}
        """By the hash of a text without what varies, and the query id."""
        for one in statements:
            if inner_query(one.text) is not None:
                self._by_id[one.query_id] = one.text
                for found in _fingerprints(one.text):
                    self._by_fingerprint.setdefault(found, {})[one.text] = None

    def find(self, text: str, query_id: int) -> str | None:
        """Return the text that the workload has for a statement of the log; None where it has none.

        The id alone is not enough: inside functions, and in texts of several statements, the log has that of another
        one. It decides between statements that are alike, and where the text is missing or cut off.

        Args:
            text: as the app sent it; "" where the log has none.
            query_id: 0 where the log has none.
        """
        key = hash(_VARYING.sub("?", text)), query_id
        if key not in self._remembered:
            if len(self._remembered) >= _MOST_REMEMBERED:
                self._remembered.clear()
            self._remembered[key] = self._found(text, query_id)
        return self._remembered[key]

    def _found(self, text: str, query_id: int) -> str | None:
        own, found = self._by_id.get(query_id), _fingerprint(text) if text else ""
        if own is not None and (not found or is_same(own, text)):
            return own
        return next((known for known in self._by_fingerprint.get(found, ()) if is_same(known, text)), None)


def _fingerprints(text: str) -> set[str]:
    """Return those that calls of a statement may have: a list is another one than the array that stands for it."""
    forms = (text, repaired(text), _EXTRACT.sub("extract(year from", text))
    return {found for form in dict.fromkeys(forms) if (found := _fingerprint(form))}


def _fingerprint(text: str) -> str:
    """Return the fingerprint of a statement, the same whatever its values are; "" of what cannot be parsed."""
    if is_costly(text) or is_too_deep(text):
        return ""
    try:
        return str(fingerprint(text))
    except (ParseError, RecursionError, MemoryError, UnicodeEncodeError):
        return ""
