"""What a log that was read does not tell, and which setting of the server would make it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from pgwright.figures import count
from pgwright.model.not_examined import NotExamined

Found = Literal["call", "known call", "values", "other database", "unread plan"]
"""Calls of no statement of the workload, calls of one; statements with values of calls; messages left out."""
_WHAT = "real values from the server's log"
_CALLS = "set log_min_duration_statement = '250ms' (or log_min_duration_sample with log_statement_sample_rate)"


def nothing_found(counts: Mapping[Found, int]) -> Iterator[NotExamined]:
    """Yield why no values came from a log, and that plans in it could not be read."""
    known, unknown, elsewhere = counts.get("known call", 0), counts.get("call", 0), counts.get("other database", 0)
    if not known and not unknown:
        others = f"; {count(elsewhere, 'message')} of other databases left out" if elsewhere else ""
        yield NotExamined(_WHAT, f"the log holds no statement of this database that ran{others}", _CALLS)
    elif not known:
        reason = f"none of its {count(unknown, 'call')} is of a statement of the workload"
        yield NotExamined(_WHAT, reason, "give the log of the time over which pg_stat_statements has counted")
    elif not counts.get("values", 0):
        yield NotExamined(
            _WHAT,
            f"its {count(known, 'call')} of statements of the workload come without whole parameters",
            "set log_parameter_max_length = -1; auto_explain logs parameters since PostgreSQL 16, with "
            "auto_explain.log_parameter_max_length = -1",
        )
    if unread := counts.get("unread plan", 0):
        what = f"{count(unread, 'plan')} in the server's log"
        yield NotExamined(what, "XML and YAML are not read, nor what is cut", "set auto_explain.log_format = json")
