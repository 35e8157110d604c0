"""Write a fix as one script for psql, for teams without Alembic."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from pgwright.model.fix import Fix
from pgwright.model.names import quote_literal
from pgwright.model.remedy import Step
from pgwright.remedies.blocks import block
from pgwright.remedies.preface import preface
from pgwright.sqltext.hidden import visible_sql
from pgwright.visible import on_one_line, visible
from pgwright_runtime.migrations import LOCK_WAIT, LONG_WAIT

_SETTINGS = """\
\\set ON_ERROR_STOP on
SET standard_conforming_strings = on;
SET statement_timeout = 0;
SET idle_in_transaction_session_timeout = 0;"""


def render_script(fix: Fix, *, message: str, database: str, taken_at: str, with_models: bool = True) -> str:
    """Return the upgrade as SQL, and the downgrade after it as comments; arguments as of `render_revision`.

    It stops at the first error. Run again, it does not do twice what is done.
    """
    upgrade = [(remedy.title, remedy.upgrade) for remedy in fix.remedies]
    downgrade = [(remedy.title, remedy.downgrade) for remedy in reversed(fix.remedies) if remedy.downgrade]
    told = preface(fix, message=message, database=database, taken_at=taken_at, with_models=with_models)
    opening = f"{told}\n\nRun it: psql -X -f FILE DSN"
    return "\n".join(
        [
            _commented(opening),
            "",
            _SETTINGS,
            "",
            _statements(upgrade),
            "",
            "-- Downgrade: to undo it, run the lines below without the marks before them.",
            _commented(f"{_SETTINGS}\n\n{_statements(downgrade)}"),
            "",
        ]
    )


def _statements(remedies: list[tuple[str, tuple[Step, ...]]]) -> str:
    steps = [(title, step) for title, of_remedy in remedies for step in of_remedy]
    lines = []
    for is_transactional, group in groupby(steps, key=lambda each: each[1].is_transactional):
        lines += ["BEGIN;", ""] if is_transactional else []
        for title, of_title in groupby(group, key=lambda each: each[0]):
            lines.append(f"-- {on_one_line(title)}")
            for waits_long, alike in groupby((step for _, step in of_title), key=lambda step: step.waits_long):
                lines.append(f"SET lock_timeout = '{LONG_WAIT if waits_long else LOCK_WAIT}';")
                lines += [sql for step in alike for sql in _sql(step)]
            lines.append("")
        lines += ["COMMIT;", ""] if is_transactional else []
    return "\n".join(lines).rstrip()


def _sql(step: Step) -> Iterator[str]:
    if step.builds:
        # psql runs what the query gives: nothing, unless an interrupted build left an invalid index.
        yield visible_sql(block("drop_invalid", index=quote_literal(step.builds).strip())) + " \\gexec"
    yield f"{visible_sql(step.sql)};"


def _commented(text: str) -> str:
    return "\n".join(f"-- {line}".rstrip() for line in visible(text).splitlines())
