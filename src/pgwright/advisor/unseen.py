"""Indexes that could help but are not proposed, for the statement hides what they would need."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from pgwright.model.snapshot import Snapshot
from pgwright.model.statement import Statement

# pg_stat_statements replaces every constant, those that an expression index would have to repeat among them.
_HIDDEN = re.compile(
    r"(?i)\b(?:date_trunc|date_part|date_bin|left|substr|substring|round|jsonb_extract_path_text|to_tsvector)\s*\([^()]*\$\d"
    r"|\bextract\s*\(\s*\$\d|(?:->>?|#>>?)\s*\$\d"
)
_SEARCHED = re.compile(r"(?i)\bi?like\s+(?:'%|\$\d|concat)|~~\*?\s*\$\d")


def unseen(statements: Sequence[Statement], snapshot: Snapshot) -> Iterator[str]:
    """Yield what is left to a person, in sentences."""
    hidden = [one for one in statements if _HIDDEN.search(one.text)]
    if hidden:
        yield (
            f"{_count(hidden)} an expression whose constant is not known, as date_trunc($1, …) or data ->> $1: no "
            "index on it is proposed. Try one: pgwright plan --with-index."
        )
    searching = [one for one in statements if _SEARCHED.search(one.text)]
    if searching and "pg_trgm" not in snapshot.server.extensions:
        yield (
            f"{_count(searching)} a pattern. If it begins with %, only an index of trigrams helps: "
            "CREATE EXTENSION pg_trgm, then ask again."
        )


def _count(statements: Sequence[Statement]) -> str:
    return "1 statement compares" if len(statements) == 1 else f"{len(statements)} statements compare"
