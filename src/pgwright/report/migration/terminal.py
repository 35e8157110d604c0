"""A Migrated for a terminal: by database and revision, then what it comes to."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from pgwright.model.migrated import Migrated, MigratedDatabase, MigratedRevision
from pgwright.report.migration import words
from pgwright.report.parts import Indented, plain
from pgwright.report.screen import Screen


def show(result: Migrated, screen: Screen) -> Iterator[RenderableType]:
    """Yield the parts."""
    yield Indented(plain(words.title(result), "bold"), 0, 2)
    for one in result.databases:
        yield from _database(result, one)
    yield Text()
    for number, sentence in enumerate(words.conclusion(result)):
        yield Indented(plain(sentence, "bold" if not number else ""), 0, 2)


def _database(result: Migrated, one: MigratedDatabase) -> Iterator[RenderableType]:
    yield Indented(Text.assemble("\n", plain(one.database, "bold"), ": ", plain(words.stands(result, one))), 0, 2)
    for revision in one.revisions:
        yield Indented(Text.assemble(plain(revision.revision, "cyan"), " ", plain(revision.message)), 2, 2)
        yield from _planned(revision) if result.is_dry_run else _ran(revision)
    if not one.revisions:
        yield Indented(Text("nothing to run", "dim"), 2, 2)
    for revision_id in one.pending:
        yield Indented(plain(f"left: {revision_id}", "yellow"), 2, 2)
    for line in one.notes:
        yield Indented(plain(f"- {line}", "dim"), 2, 2)


def _ran(revision: MigratedRevision) -> Iterator[RenderableType]:
    yield Indented(plain(words.work(revision), "dim"), 4, 2)
    for table, mode in words.locks(revision):
        yield Indented(plain(f"{mode} on {table} (read)", "dim"), 4, 2)
    if said := words.after(revision):
        yield Indented(plain(said, "dim"), 4, 2)
    for line in revision.notes:
        yield Indented(plain(f"- {line}", "yellow"), 4, 2)


def _planned(revision: MigratedRevision) -> Iterator[RenderableType]:
    for statement in revision.plan:
        yield Indented(plain(words.sql(statement)), 4, 2)
        if said := words.needs(statement):
            yield Indented(plain(f"{said} (by its text)", "dim"), 6, 2)
        for line in statement.in_the_way:
            yield Indented(plain(line, "red"), 6, 2)
    if revision.unknown:
        yield Indented(plain(f"not examined: {revision.unknown}", "yellow"), 4, 2)
