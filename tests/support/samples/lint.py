"""A Lint: revisions that block, that fail and that are fine; one without a database; and one with nothing to run."""

from __future__ import annotations

from dataclasses import replace

from pgwright.model.finding import CodeLine, Evidence, Finding
from pgwright.model.lint import IgnoredFinding, Lint, LintedLock, LintedRevision, LintedStatement
from pgwright.model.migration import SecondsRange
from pgwright.model.not_examined import NotExamined
from tests.support.samples.names import HOSTILE

_FIRST, _SECOND, _THIRD = (f"migrations/versions/{name}.py" for name in ("4f2a1c_index", "77b0e2_fill", "odd #name"))

INDEX_BUILT = Finding(
    check="index-not-concurrent",
    subject="migrations",
    severity="high",
    confidence="certain",
    object="note (title) in 4f2a1c90b7de",
    message="Building the index stops writes to note (5,000,000 rows, 476.8 MB) for an estimated 4 s to 11 s.",
    evidence=(
        Evidence("statement", "CREATE INDEX ix_note_title ON note (title)"),
        Evidence("lock on note, on the twin", "SHARE", "measured"),
        Evidence("size of note", "5,000,000 rows, 476.8 MB"),
        Evidence("it works", "4 s to 11 s", "estimated"),
    ),
    advice="Build it concurrently, outside of the transaction.",
    code="with op.get_context().autocommit_block():\n"
    '    op.create_index("ix_note_title", "note", ["title"], postgresql_concurrently=True)',
    place=CodeLine(_FIRST, 14, "upgrade"),
)
FILLED = Finding(
    check="backfill-in-revision",
    subject="migrations",
    severity="medium",
    confidence="likely",
    object=f"{HOSTILE} in 77b0e2",
    message=f"It updates every row of {HOSTILE} in one transaction; @everybody who writes one of them waits. See #1.",
    evidence=(),
    advice="Declare the backfill, and run it beside the app: pgwright backfill.",
    code=f'op.declare_backfill("fill", table={HOSTILE!r}, sets={{"a": "lower(b)"}})\n'
    '# next revision, after it has run\nop.require_backfill("fill")',
    place=CodeLine(_SECOND, 9, "upgrade"),
)
NO_TIMEOUT = Finding(
    check="no-lock-timeout",
    subject="migrations",
    severity="low",
    confidence="certain",
    object="migrations/env.py",
    message="No lock_timeout is set, so a revision that waits for a lock makes the app wait behind it.",
    evidence=(),
    advice="Call run_migrations_safely() in place of context.run_migrations().",
    place=CodeLine("migrations/env.py", 1, ""),
)

LINT = Lint(
    directory="alembic.ini",
    database="shop",
    observed_on="16.4",
    linted_at="2026-11-01T12:00:00+00:00",
    start=("0a0a0a",),
    heads=("c0ffee",),
    revisions=(
        LintedRevision(
            "4f2a1c90b7de",
            ("0a0a0a",),
            _FIRST,
            "Index the titles",
            (
                LintedStatement(
                    "CREATE INDEX ix_note_title ON note (title)",
                    ("create index",),
                    CodeLine(_FIRST, 14, "upgrade"),
                    "op.create_index",
                    1,
                    is_autocommit=False,
                    locks=(LintedLock("note", "table", "note", "SHARE"),),
                    built=("ix_note_title",),
                    scanned=("note",),
                    seconds=SecondsRange(4, 11),
                ),
            ),
        ),
        LintedRevision(
            "77b0e2",
            ("4f2a1c90b7de",),
            _SECOND,
            f"Fill {HOSTILE}",
            (
                LintedStatement(
                    f"ALTER TABLE {HOSTILE} ADD COLUMN a text",
                    ("add column",),
                    CodeLine(_SECOND, 8, "upgrade"),
                    "op.add_column",
                    2,
                    is_autocommit=False,
                    locks=(LintedLock(HOSTILE, "table", HOSTILE, "ACCESS EXCLUSIVE"),),
                ),
                LintedStatement(
                    f"UPDATE {HOSTILE} SET a = lower(b)",
                    ("update",),
                    CodeLine(_SECOND, 9, "upgrade"),
                    "op.execute",
                    2,
                    is_autocommit=False,
                    locks=(LintedLock(HOSTILE, "table", HOSTILE, "ROW EXCLUSIVE"),),
                    seconds=SecondsRange(0.2, 0.5),
                ),
            ),
        ),
        LintedRevision("c0ffee", ("77b0e2",), _THIRD, "", (), f'relation "{HOSTILE}" does not exist'),
    ),
    findings=(INDEX_BUILT, FILLED, NO_TIMEOUT),
    not_examined=(NotExamined("revision c0ffee from where it failed", "it failed on the twin"),),
    checks_run=("backfill-in-revision", "index-not-concurrent", "no-lock-timeout"),
    known=("downgrade-missing:0a0a0a",),
    allowed=(f"drop-column:{HOSTILE} in 77b0e2",),
    ignored=(IgnoredFinding("drop-table:tag in 77b0e2", f"nobody reads it, says {HOSTILE}", CodeLine(_SECOND, 7, "")),),
    notices=(f"the comment at {_SECOND}:3 states no reason, so it ignores nothing",),
)

WITHOUT_SIZES = replace(
    LINT,
    database="",
    start=(),
    findings=(replace(INDEX_BUILT, confidence="possible"),),
    not_examined=(NotExamined("sizes and traffic", "no database was named", "pgwright migrations lint DSN"),),
    known=(),
    allowed=(),
    ignored=(),
    notices=(),
)
NOTHING_PENDING = replace(WITHOUT_SIZES, database="shop", start=("c0ffee",), revisions=(), findings=(), not_examined=())
