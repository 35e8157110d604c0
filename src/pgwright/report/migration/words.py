"""What a Migrated comes to, in words."""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.figures import count, listing, milliseconds
from pgwright.model.migrated import Migrated, MigratedDatabase, MigratedRevision, MigratedStatement

_SQL_LENGTH = 100


def title(result: Migrated) -> str:
    """Return the first line."""
    verb = "What would run" if result.is_dry_run else "What ran"
    return f"{verb} of {result.source}, up to {result.target}"


def conclusion(result: Migrated) -> Iterator[str]:
    """Yield what it comes to, in sentences."""
    revisions = count(sum(len(one.revisions) for one in result.databases), "revision")
    if result.is_dry_run:
        yield f"{revisions} would run; nothing was changed."
        if not result.is_done:
            yield "Not now: what a revision needs is held, and it would wait for that without queueing."
    elif result.is_done:
        yield f"{revisions} ran in {seconds(result.seconds)}; nothing is left."
    else:
        yield f"{revisions} ran in {seconds(result.seconds)}; more is left."
        yield result.ended


def stands(result: Migrated, one: MigratedDatabase) -> str:
    """Return where a database was and is."""
    before = listing(one.before) if one.before else "no revision"
    if result.is_dry_run or one.before == one.after:
        return f"at {before}"
    return f"from {before} to {listing(one.after) if one.after else 'no revision'}"


def work(revision: MigratedRevision) -> str:
    """Return how much work a revision was."""
    parts = [count(revision.statements, "statement"), seconds(revision.seconds)]
    if revision.tries > 1:
        parts.append(f"{revision.tries} tries")
    if revision.waited_seconds:
        parts.append(f"waited {seconds(revision.waited_seconds)}")
    if revision.resumed_after:
        parts.append(f"{revision.resumed_after} of them committed by a run that was interrupted")
    return ", ".join(parts)


def locks(revision: MigratedRevision) -> Iterator[tuple[str, str]]:
    """Yield the strongest mode on each table."""
    yield from (revision.locks or {}).items()


def sql(statement: MigratedStatement) -> str:
    """Return a statement on one line, shortened."""
    line = " ".join(statement.sql.split())
    return line if len(line) <= _SQL_LENGTH else f"{line[:_SQL_LENGTH]} …"


def needs(statement: MigratedStatement) -> str:
    """Return the locks that a statement needs, as far as its text says."""
    said = listing([f"{mode} on {table}" for table, mode in statement.locks.items()])
    outside = "outside of a transaction" if statement.is_outside_transaction else ""
    return ", ".join(part for part in (said, outside) if part)


def after(revision: MigratedRevision) -> str:
    """Return what was done after the commit; "" where nothing was."""
    return f"analyzed: {listing(revision.analyzed)}" if revision.analyzed else ""


def seconds(number: float) -> str:
    """Return a time as people read it."""
    return milliseconds(number * 1000)
