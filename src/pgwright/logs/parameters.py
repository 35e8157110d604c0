"""The parameters of a call as the server writes them: `$1 = '5', $2 = NULL`."""

from __future__ import annotations

import re
from collections.abc import Mapping

Parameters = Mapping[int, str | None]
"""By their numbers, in text form; None is NULL. Those whose value is not known whole are missing."""

_HEAD = re.compile(r"[Pp]arameters: ")
_ONE = re.compile(r"\$(\d{1,6}) = (?:NULL|'((?:[^']|'')*+)')(?:, )?")
# `log_parameter_max_length` leaves this of a longer value; and what could not be decoded is no value either.
_CUT, _UNREADABLE = "...", "\ufffd"


def read_parameters(detail: str) -> Parameters:
    """Return the parameters that a DETAIL, or a plan's head, names.

    >>> read_parameters("Parameters: $1 = 'it''s', $2 = NULL, $3 = 'cut off...'")
    {1: "it's", 2: None}
    """
    head = _HEAD.match(detail)
    found: dict[int, str | None] = {}
    place = head.end() if head is not None else len(detail)
    while (one := _ONE.match(detail, place)) is not None:
        place = one.end()
        value = one[2]
        if value is None:
            found[int(one[1])] = None
        elif not value.endswith(_CUT) and _UNREADABLE not in value:
            found[int(one[1])] = value.replace("''", "'")
    return found
