"""Stage 3, beside: what a fix makes of the database, the app's models say too."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from pgwright.code import AppModels, conventional, entry_of, named_entry, patch_app, spelled, verify
from pgwright.migrations import AlembicDirectory
from pgwright.model.change import ConvertOnline, CreateIndex, UniqueAmongLiving
from pgwright.model.finding import Diagnosis, Finding
from pgwright.model.fix import Fix
from pgwright.model.patch import HandEdit
from pgwright.model.progress import Progress, silent


def find_models(name: str | None, directory: AlembicDirectory | None) -> AppModels | None:
    """Return where the app's models are; None where nothing tells.

    Args:
        name: `package.module:Base`; None: what `env.py` names as `target_metadata`.
        directory: the app's Alembic directory.
    Raises: ConfigError: there is no module of that name.
    """
    if name is not None:
        folders = [] if directory is None else [*map(Path, directory.imports_from), directory.source.parent]
        return named_entry(name, [*folders, Path.cwd()])
    if directory is None:
        return None
    env = Path(directory.script.dir, "env.py")
    return entry_of(env, directory.source.parent, directory.imports_from) if env.is_file() else None


def as_named(diagnosis: Diagnosis, models: AppModels) -> Diagnosis:
    """Return findings whose new indexes are called as the naming convention of the app's MetaData calls them."""
    stated = models.app.conventions

    def named(finding: Finding) -> Finding:
        changes = tuple(
            replace(one, definition=conventional(one.definition, stated))
            if isinstance(one, CreateIndex | UniqueAmongLiving)
            else one
            for one in finding.changes
        )
        return replace(finding, changes=changes, symptoms=tuple(map(named, finding.symptoms)))

    return replace(diagnosis, findings=tuple(map(named, diagnosis.findings)))


def with_models(
    fix: Fix, models: AppModels, *, as_uuid: bool = False, imports: bool = False, progress: Progress = silent
) -> Fix:
    """Return a fix with the edits of the app's models; as it is where no file declares a table. Writes nothing.

    Args:
        models: where they are, from `find_models`.
        as_uuid: keys that become uuid are a `uuid.UUID` in Python, no str any more.
        imports: import the edited models, in a process of their own, and compare what they declare with the fix. If
            they cannot be imported with the edits, but can without, there are no edits, and all is left to a person.
        progress: told what is being done.
    """
    # The models change once in a series: between its second revision and its third.
    changes = [
        remedy.change
        for remedy in fix.remedies
        if not isinstance(remedy.change, ConvertOnline) or remedy.change.stage == "build"
    ]
    progress("reading the models")
    if not models.app.tables:
        return fix
    patch = patch_app(models.app, changes, as_uuid=as_uuid)
    if imports and patch.edits:
        progress("importing the edited models")
        patch = replace(patch, verified=verify(patch, changes, models))
    if patch.verified is not None and patch.verified.is_broken:
        by_hand = tuple(HandEdit(one.title, patch.verified.reason, spelled(one.change)) for one in fix.remedies)
        patch = replace(patch, edits=(), by_hand=by_hand)
    return replace(fix, models=patch)
