"""Names of database objects, quoted only where PostgreSQL needs it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pglast.keywords import COL_NAME_KEYWORDS, RESERVED_KEYWORDS, TYPE_FUNC_NAME_KEYWORDS

_PLAIN = re.compile(r"[a-z_][a-z0-9_$]*\Z")
_MUST_QUOTE = RESERVED_KEYWORDS | TYPE_FUNC_NAME_KEYWORDS | COL_NAME_KEYWORDS

# PostgreSQL cuts longer identifiers: NAMEDATALEN - 1.
MAX_IDENTIFIER_BYTES = 63


def quote(identifier: str) -> str:
    """Return the identifier as SQL text, in double quotes where it needs them (as `quote_ident` does).

    >>> quote("created_at"), quote("Order"), quote("user"), quote('a"b')
    ('created_at', '"Order"', '"user"', '"a""b"')
    """
    if _PLAIN.match(identifier) and identifier not in _MUST_QUOTE:
        return identifier
    return '"' + identifier.replace('"', '""') + '"'


def quote_literal(value: str) -> str:
    """Return the value as an SQL string literal, safe whatever `standard_conforming_strings` says.

    >>> quote_literal("it's"), quote_literal("back\\\\slash")
    ("'it''s'", " E'back\\\\\\\\slash'")
    """
    doubled = value.replace("'", "''")
    return f" E'{doubled.replace(chr(92), chr(92) * 2)}'" if "\\" in doubled else f"'{doubled}'"


def shorten(identifier: str) -> str:
    """Cut an identifier to what PostgreSQL keeps, 63 bytes, at a character's edge."""
    return identifier.encode()[:MAX_IDENTIFIER_BYTES].decode(errors="ignore")


@dataclass(frozen=True, slots=True, order=True)
class QualifiedName:
    """A relation's schema and name; `str()` gives SQL text.

    >>> str(QualifiedName("public", "Order"))
    'public."Order"'
    """

    schema: str
    name: str

    def __str__(self) -> str:
        return f"{quote(self.schema)}.{quote(self.name)}"

    @property
    def short(self) -> str:
        """The name as people say it: without `public.`."""
        return quote(self.name) if self.schema == "public" else str(self)
