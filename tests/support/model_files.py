"""Model files of every form, and the judgement of what a patcher makes of them, on a real server."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from pgwright.code import patch_models
from pgwright.embedded import EmbeddedServer
from pgwright.model.change import Change, ConvertColumns, CreateIndex, DropIndex, UniqueAmongLiving
from pgwright.model.fix import Fix
from pgwright.model.names import QualifiedName
from pgwright.model.patch import ModelPatch
from pgwright.model.snapshot import Snapshot
from pgwright.remedies import make_fix
from pgwright.snapshot import read_snapshot
from tests.support.database import Database
from tests.support.model_changes import findings_of_every_kind
from tests.support.model_databases import (
    Objects,
    create_all,
    differences,
    enum_labels,
    fresh_database,
    objects,
    run_steps,
)
from tests.support.model_kept import find_damage, python_files
from tests.support.model_loading import load

CORPUS = Path(__file__).resolve().parents[1] / "code" / "corpus"


Patcher = Callable[[Path, Sequence[Change]], ModelPatch]


@dataclass(frozen=True)
class Entry:
    """One form of models: a file, or a package of several."""

    name: str
    path: Path

    def copy_to(self, folder: Path) -> Path:
        """Copy it into an empty folder, byte by byte, and return the folder: what is patched."""
        folder.mkdir(parents=True)
        if self.path.is_dir():
            shutil.copytree(self.path, folder / self.name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(self.path, folder / self.path.name)
        return folder


def entries(corpus: Path = CORPUS) -> tuple[Entry, ...]:
    """Return the corpus, by name."""
    paths = sorted(path for path in corpus.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists())
    return tuple(Entry(path.stem, path) for path in paths)


@dataclass(frozen=True)
class Prepared:
    """A copy of an entry, and the database of its models, migrated by a fix with changes of every kind."""

    entry: Entry
    root: Path
    database: Database
    snapshot: Snapshot
    """Before the fix."""
    fix: Fix
    noise: frozenset[str]
    """What Alembic says of the models on their own database, before anything was changed."""
    by_hand: Mapping[str, str]
    """What no syntax tool can edit, tables, indexes or columns (`table.column`), and why."""
    classes: Mapping[str, QualifiedName]

    @property
    def changes(self) -> tuple[Change, ...]:
        return tuple(remedy.change for remedy in self.fix.remedies)


@contextmanager
def prepare(entry: Entry, server: EmbeddedServer, folder: Path) -> Iterator[Prepared]:
    """Copy an entry into an empty folder, make its database, and run a fix with changes of every kind there."""
    with fresh_database(server) as database:
        root = entry.copy_to(folder / entry.name)
        with load(root, entry.name) as models:
            create_all(models, database)
            noise = differences(models, database)
            snapshot = read_snapshot(database.dsn, with_schema=False)
            findings = findings_of_every_kind(snapshot, named=models.index_name, labels=enum_labels(database))
        fix = make_fix(snapshot, findings)
        run_steps(database, [step for remedy in fix.remedies for step in remedy.upgrade])
        yield Prepared(entry, root, database, snapshot, fix, noise, models.by_hand, models.classes)


@dataclass(frozen=True)
class Judged:
    """What a patcher made of one entry."""

    name: str
    imports: bool = False
    """The patched models import, configure and create their tables."""
    equal: bool = False
    """A database made by them has the indexes, constraints and columns of the one that was migrated."""
    alembic_clean: bool = False
    """Alembic finds nothing to do on the migrated database."""
    idempotent: bool = False
    """A second patch edits nothing."""
    bytes_kept: bool = False
    """What has nothing to do with the changes is as it was, comments and ends of lines too."""
    problems: tuple[str, ...] = field(default=())

    @property
    def is_good(self) -> bool:
        return not self.problems


def judge(entry: Entry, server: EmbeddedServer, *, patch: Patcher = patch_models) -> Judged:
    """Patch a copy of an entry for a fix with changes of every kind, and say what came of it."""
    with (
        tempfile.TemporaryDirectory(prefix="pgwright-models-") as folder,
        prepare(entry, server, Path(folder)) as ready,
    ):
        return judge_prepared(ready, server, patch=patch)


def judge_prepared(prepared: Prepared, server: EmbeddedServer, *, patch: Patcher) -> Judged:
    """Patch what was prepared, and say what came of it."""
    name, before = prepared.entry.name, python_files(prepared.root)
    try:
        made = patch(prepared.root, prepared.changes)
        _write(prepared.root, made)
        again = patch(prepared.root, prepared.changes)
    except Exception as error:  # noqa: BLE001  whatever it is, it is the patcher's
        return Judged(name, problems=(f"the patcher fails: {error!r}",))
    damage = tuple(_damage(prepared, before))
    second = tuple(f"a second patch edits {edit.path}" for edit in again.edits)
    unlike, unclean, broken = _on_servers(prepared, server)
    return Judged(
        name,
        imports=not broken,
        equal=not broken and not unlike,
        alembic_clean=not broken and not unclean,
        idempotent=not second,
        bytes_kept=not damage,
        problems=(*broken, *unlike, *unclean, *second, *damage, *_by_hand(prepared, made)),
    )


def _write(root: Path, made: ModelPatch) -> None:
    for edit in made.edits:
        with (root / edit.path).open("w", encoding="utf-8", newline="") as file:
            file.write(edit.after)


def _damage(prepared: Prepared, before: Mapping[Path, bytes]) -> Iterator[str]:
    try:
        yield from find_damage(
            before,
            python_files(prepared.root),
            classes=prepared.classes,
            tables={table for change in prepared.changes for table in _tables(change)},
            edits=sum(max(1, len(_tables(change))) for change in prepared.changes),
        )
    except SyntaxError as error:
        yield f"it is no Python any more: {error}"


def _tables(change: Change) -> list[QualifiedName]:
    """Return the tables whose models have to follow a change, once for each edit."""
    if isinstance(change, ConvertColumns):
        return [column.table for column in change.columns]
    if isinstance(change, (CreateIndex, UniqueAmongLiving)):
        return [change.definition.table]
    return [change.table] if isinstance(change, DropIndex) else []


def _by_hand(prepared: Prepared, made: ModelPatch) -> Iterator[str]:
    """Yield what is left to people without need, and what they need to be told and are not."""
    for edit in made.by_hand:
        if not any(name in edit.what for name in prepared.by_hand):
            yield f"left to do by hand: {edit.what}, {edit.reason}"
    told = "\n".join([*(line for edit in made.by_hand for line in edit.lines), *(edit.after for edit in made.edits)])
    for name in prepared.by_hand:
        if not any(name in edit.what for edit in made.by_hand):
            yield f"nobody is told what to do by hand about {name}"
    for change in prepared.changes:
        new = change.definition if isinstance(change, (CreateIndex, UniqueAmongLiving)) else None
        if new is not None and new.table.name in prepared.by_hand and new.name not in told:
            yield f"nobody is given a line to paste for {new.name}"


def _on_servers(prepared: Prepared, server: EmbeddedServer) -> tuple[list[str], list[str], list[str]]:
    """Return what differs between the databases, what Alembic says, and why the models could not be used at all."""
    conversions = [one for one in prepared.changes if isinstance(one, ConvertColumns)]
    converted = [(each.table, each.column) for one in conversions for each in one.columns]
    try:
        with fresh_database(server) as other, load(prepared.root, prepared.entry.name) as models:
            create_all(models, other)
            unlike = list(_unlike(objects(prepared.database), objects(other), prepared.by_hand))
            found = differences(models, prepared.database) - prepared.noise
            unlike += [*filter(None, (models.doubt(*place) for place in converted))]
    except Exception as error:  # noqa: BLE001  the models are of the patcher, and may fail in any way
        return [], [], [f"the patched models fail: {error!r}"]
    left = [name.split(".") for name in prepared.by_hand]
    unclean = [one for one in sorted(found) if not any(all(word in one for word in words) for words in left)]
    return unlike, [f"alembic: {one}" for one in unclean], []


def _unlike(migrated: Objects, made: Objects, by_hand: Collection[str]) -> Iterator[str]:
    for place in sorted(set(migrated) | set(made)):
        _, table, name = place
        is_left = not {table, name, f"{table}.{name}"}.isdisjoint(by_hand)
        ours, theirs = migrated.get(place, "nothing"), made.get(place, "nothing")
        if ours != theirs and not is_left:
            yield f"{' '.join(place)}: the migration made {ours}, the models make {theirs}"
