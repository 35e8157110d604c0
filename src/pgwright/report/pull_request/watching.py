"""What to watch while a pull request is deployed, and after."""

from __future__ import annotations

from pgwright.figures import milliseconds
from pgwright.model.names import quote_literal
from pgwright.model.pull_request import PullRequest
from pgwright.report.pull_request.measured import measured
from pgwright.report.quoting import gist
from pgwright.sqltext.hidden import visible_sql

_MOST_INDEXES, _MOST_STATEMENTS, _STATEMENT = 10, 8, 80
_LOCKS = """\
-- While it runs: who waits for a lock, and for whom.
SELECT pid, pg_blocking_pids(pid), left(query, 60) FROM pg_stat_activity WHERE wait_event_type = 'Lock';"""
_INVALID = """\
-- Afterwards: indexes whose build was interrupted. There should be none; run the revision again.
SELECT indexrelid::regclass FROM pg_index WHERE NOT indisvalid;"""
_SCANS = """\
-- The new indexes: their scans should grow.
SELECT relname, indexrelname, idx_scan FROM pg_stat_user_indexes"""
_TIMES = """\
-- What should get faster. It counts since its last reset, so compare two readings.
SELECT queryid, calls, mean_exec_time FROM pg_stat_statements"""


def watched(result: PullRequest) -> str:
    """Return the queries that tell what becomes of it, on the server where it runs."""
    return "\n\n".join(filter(None, (_locks(result), _indexes(result), _times(result))))


def _locks(result: PullRequest) -> str:
    """Return the queries on what may go wrong while it runs."""
    builds = any(step.builds for remedy in result.remedies for step in remedy.upgrade)
    return f"{_LOCKS}\n{_INVALID}" if builds else _LOCKS


def _indexes(result: PullRequest) -> str:
    """Return the query that tells whether the new indexes are used; "" where none is built."""
    built = list(dict.fromkeys(step.builds for remedy in result.remedies for step in remedy.upgrade if step.builds))
    names = [f"  to_regclass({_literal(name)})" for name in built[:_MOST_INDEXES]]
    return "\n".join([_SCANS, "WHERE indexrelid IN (", ",\n".join(names), ");"]) if names else ""


def _literal(name: str) -> str:
    """Return a text as SQL on one line."""
    if "\n" in name:
        inner = name.replace("\\", "\\\\").replace("'", "''").replace("\n", "\\n")
        return visible_sql(f"E'{inner}'")
    return visible_sql(quote_literal(name)).strip()


def _times(result: PullRequest) -> str:
    """Return the query that tells whether the statements got faster, each with its text; "" where there is none."""
    lines = []
    for query_id, text, times in _statements(result):
        lines.append(f"  {query_id}, -- {gist(text, _STATEMENT)}{f': {times}' if times else ''}")
    return "\n".join([_TIMES, "WHERE queryid IN (", *_without_last_comma(lines), ");"]) if lines else ""


def _without_last_comma(lines: list[str]) -> list[str]:
    return [*lines[:-1], lines[-1].replace(", --", "  --", 1)]


def _statements(result: PullRequest) -> list[tuple[int, str, str]]:
    """Return the statements that should get faster: id, text, and from what to what where that was measured."""
    proof = result.fix.proof
    if proof is None:
        dearest = sorted(result.statements, key=lambda one: -one.total_ms)[:_MOST_STATEMENTS]
        return [(one.query_id, one.text, f"{milliseconds(one.mean_ms)} today") for one in dearest]
    better = [one for one, _ in measured(proof, result.remedies) if one.verdict == "faster"]
    return [
        (
            one.query_id,
            one.text,
            f"{milliseconds(one.before.median_ms)} → {milliseconds(one.after.median_ms)} on copies",
        )
        for one in better
    ]
