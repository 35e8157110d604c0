"""The app's Alembic directory, as `alembic.ini` or `[tool.alembic]` describes it."""

from __future__ import annotations

import configparser
import contextlib
import hashlib
import inspect
import os
import re
import sys
import tomllib
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.script.revision import RevisionMap
from alembic.util import CommandError, coerce_resource_to_filename

from pgwright.errors import MigrationError
from pgwright.files import write_text
from pgwright.migrations.scripts import read_scripts
from pgwright.migrations.template import in_template
from pgwright.model.revision_text import RevisionText
from pgwright.model.snapshot import Snapshot
from pgwright.visible import HIDDEN

_GAP = r"Revision .* referenced from .* is not present"
_ID_LETTERS = 12  # as Alembic's own


@dataclass(frozen=True)
class AlembicDirectory:
    """An Alembic directory that was found and could be read."""

    source: Path
    """The file that describes it."""
    config: Config
    script: ScriptDirectory
    imports_from: tuple[str, ...] = ()
    """What `prepend_sys_path` adds to the folders of modules, for the time that revisions run."""
    follows: str | None = None
    """With several heads, the one that counts: the label of its branch, or its id."""

    @property
    def new_folder(self) -> Path:
        """The folder of the next revision. Raises: MigrationError: there are several heads."""
        return self._folder(self.head)

    @property
    def head(self) -> str | None:
        """The id of the newest revision, of one branch where one was named; None when there is none.

        Raises: MigrationError: there are several, or the named one is none.
        """
        heads = self.script.get_heads()
        if self.follows is not None:
            return self._named_head(self.follows, heads)
        if len(heads) > 1:
            labels = sorted({label for each in heads for label in self.script.get_revision(each).branch_labels})
            named = f"name a branch: --head {labels[0]}" if labels else "run: alembic merge heads"
            raise MigrationError(
                f"{self.source} has {len(heads)} heads: {', '.join(sorted(heads))}. A new revision follows one: {named}"
            )
        return heads[0] if heads else None

    def _named_head(self, name: str, heads: Sequence[str]) -> str:
        try:
            found = self.script.get_revision(name if name in heads or "@" in name else f"{name}@head")
        except CommandError as error:
            raise MigrationError(f"{self.source} has no head {name!r}: {error}") from error
        if found is None or found.revision not in heads:
            raise MigrationError(f"{name!r} is no head of {self.source}: those are {', '.join(sorted(heads))}")
        return found.revision

    def require_current(self, snapshot: Snapshot) -> None:
        """Raise MigrationError unless the database of the snapshot is at the head."""
        head, found = self.head, snapshot.server.alembic_revisions
        is_there = head in found if self.follows is not None else found == ((head,) if head else ())
        if not is_there:
            raise MigrationError(
                f"the database {snapshot.server.database!r} is at {', '.join(found) or 'no revision'}, the head of "
                f"{self.source} is {head or 'no revision'}; a fix for one may not fit the other. Run alembic upgrade "
                "head, or take the snapshot of a database that is at the head"
            )

    def write(self, message: str, render: Callable[[str, str | None], str], *, revision: str | None = None) -> Path:
        """Write a revision after the head and return its file, named as the app names its revisions.

        Args:
            message: goes into the file's name.
            render: gives the text for a revision id and the id of the revision that it follows.
            revision: its id; None: a short hash of the text, so that the same fix of the same snapshot has the same id.
        Raises: MigrationError: several heads, or the file or the id exists.
        """
        head = self.head
        chosen = revision or short_hash(render("", head))
        path = self.place(chosen, message)
        self.add(path, render(chosen, head))
        return path

    def place(self, revision: str, message: str, *, after: str | None = None) -> Path:
        """Return the file of a new revision, named as the app names its revisions.

        Args:
            after: the revision whose folder it goes to; None: the head.
        Raises: MigrationError: it exists, or there are several heads.
        """
        known = {each.revision: each.path for each in self.script.walk_revisions()}
        if HIDDEN.search(revision):  # it names the file
            raise MigrationError(f"the revision id {revision!r} holds hidden characters. Nothing was written")
        if revision in known:
            raise MigrationError(f"the revision {revision!r} exists: {known[revision]}. Nothing was written")
        return self._folder(self.head if after is None else after) / self._file_name(revision, message)

    def add(self, path: Path, text: str) -> None:
        """Write a new revision, whose text says which it follows. Raises MigrationError: the file exists."""
        _write_new(path, text)
        self.script.revision_map = RevisionMap(lambda: read_scripts(self.script))  # its head is the new one

    def path_of(self, revision: str) -> Path:
        """Return the file of a revision that is there."""
        return Path(self.script.get_revision(revision).path)

    def in_template(self, text: RevisionText, revision: str, down_revision: str | None) -> str:
        """Return a revision after another in the form that the app's `script.py.mako` gives it.

        Raises: MigrationError: there is no template, or it does not take the revision.
        """
        template = Path(self.script.dir, "script.py.mako")
        try:
            return in_template(template, text, revision, down_revision, self.config, self._now())
        except MigrationError as error:
            raise MigrationError(f"{template} cannot be followed: {error}") from error

    @property
    def version_folders(self) -> tuple[Path, ...]:
        """Where its revisions are."""
        return tuple(self.script._version_locations)

    def with_versions(self, folders: Sequence[Path], ini: Path) -> AlembicDirectory:
        """Return it with its revisions in other folders, for a trial; `env.py` stays where it is.

        Args:
            ini: where settings that say so are written.
        """
        section = self.config.config_ini_section
        settings = self.config.get_section(section) or {}
        settings |= {
            "script_location": str(self.script.dir),
            "version_locations": os.pathsep.join(map(str, folders)),
            "prepend_sys_path": os.pathsep.join(self.imports_from),
            "path_separator": "os",
            "file_template": self.script.file_template,
            "recursive_version_locations": str(self.script.recursive_version_locations).lower(),
        }
        lines = [f"{name} = {_in_ini(value)}" for name, value in settings.items() if name != "here"]
        write_text(ini, "\n".join([f"[{section}]", *lines, ""]), is_private=True)
        return open_directory(ini, head=self.follows)

    @contextmanager
    def importing(self) -> Iterator[None]:
        """Find the app's modules inside the block as `alembic` finds them."""
        before = list(sys.path)
        sys.path[:0] = self.imports_from
        try:
            yield
        finally:
            sys.path[:] = before

    def _now(self) -> datetime:
        zone = ZoneInfo(self.script.timezone) if self.script.timezone else None
        return datetime.now(UTC).astimezone(zone)

    def _folder(self, head: str | None) -> Path:
        """Return the folder of the head, or the first of all."""
        if head is not None:
            return self.path_of(head).parent
        locations = self.script.version_locations or [str(Path(self.script.dir, "versions"))]
        return Path(locations[0])

    def _file_name(self, revision: str, message: str) -> str:
        now = self._now()
        values = {
            "rev": revision,
            "slug": _slug(message, self.script.truncate_slug_length),
            "epoch": int(now.timestamp()),
            **{unit: getattr(now, unit) for unit in ("year", "month", "day", "hour", "minute", "second")},
        }
        return f"{self.script.file_template % values}.py"


def _in_ini(value: str) -> str:
    """Return a value of one setting, whose later lines are indented."""
    return value.replace("%", "%%").replace("\n", "\n    ")


def short_hash(text: str) -> str:
    """Return an id for a revision of this text."""
    return hashlib.sha256(text.encode()).hexdigest()[:_ID_LETTERS]


def open_directory(path: Path, *, head: str | None = None) -> AlembicDirectory:
    """Open the Alembic directory that `path` describes: `alembic.ini`, `pyproject.toml`, or a folder with one of them.

    Args:
        head: where it has several heads, the one that counts: the label of its branch, or its id.
    Raises: MigrationError: there is none, or it cannot be read.
    """
    source, config = _read_settings(path)
    try:
        with warnings.catch_warnings():
            # What Alembic deprecates in the app's settings is told by `alembic` itself.
            warnings.simplefilter("ignore", DeprecationWarning)
            # Alembic only warns of it, and fails later with the bare id.
            warnings.filterwarnings("error", _GAP, UserWarning)
            script, imports_from = _script_directory(config, source.parent)
    except CommandError as error:
        raise MigrationError(f"the Alembic directory of {source} cannot be opened: {error}") from error
    except UserWarning as error:
        raise MigrationError(
            f"the revisions of {source} have a gap: {error}. Restore its file, or let the next revision follow another"
        ) from error
    except (ValueError, TypeError, OSError, ImportError, configparser.Error) as error:
        what = f"{type(error).__name__}: {error}"
        raise MigrationError(f"the Alembic directory of {source} cannot be read: {what}") from error
    return AlembicDirectory(source, config, script, imports_from, head)


def _read_settings(path: Path) -> tuple[Path, Config]:
    """Return the file with the settings, and the settings: Alembic reads both files where both are there."""
    folder = (path if path.is_dir() else path.parent).absolute()
    ini = folder / "alembic.ini" if path.is_dir() or path.suffix == ".toml" else path.absolute()
    toml = path.absolute() if path.suffix == ".toml" else folder / "pyproject.toml"
    has_ini, has_toml = ini.is_file(), toml.is_file() and _has_alembic(toml)
    if not has_ini and not has_toml:
        raise MigrationError(
            f"no Alembic settings in {str(path)!r}: neither alembic.ini nor [tool.alembic] in pyproject.toml. "
            "Name the file, or run: alembic init migrations"
        )
    if not has_toml:
        return ini, Config(str(ini))
    if "toml_file" not in inspect.signature(Config).parameters:
        raise MigrationError(f"{toml} holds [tool.alembic], which Alembic reads from 1.16 on. Upgrade alembic")
    return (ini if has_ini else toml), Config(str(ini) if has_ini else None, toml_file=str(toml))


def _has_alembic(toml: Path) -> bool:
    try:
        return "alembic" in tomllib.loads(toml.read_text(encoding="utf-8")).get("tool", {})
    except tomllib.TOMLDecodeError as error:
        raise MigrationError(f"{toml} is no TOML: {error}") from error


def _script_directory(config: Config, folder: Path) -> tuple[ScriptDirectory, tuple[str, ...]]:
    """Read the settings and the ids of all revisions, as the `alembic` command does; return also what it would import.

    A relative location is one of the working directory, as for `alembic`; where nothing is there, of the folder of the
    settings, from which `alembic` is run then.
    """
    here = _starts_here(config.get_alembic_option("script_location"))
    path_before = list(sys.path)
    try:
        with contextlib.chdir(Path() if here else folder):
            _locate_package(config)
            script = ScriptDirectory.from_config(config)
            added = sys.path[: len(sys.path) - len(path_before)]
            imports_from = tuple(os.path.abspath(each) for each in added)
            script.dir = os.path.abspath(script.dir)
            script.version_locations = [
                os.path.abspath(str(coerce_resource_to_filename(each))) for each in script.version_locations
            ]
    finally:
        sys.path[:] = path_before
    script.revision_map = RevisionMap(lambda: read_scripts(script))
    script.get_heads()
    return script, imports_from


def _starts_here(location: str | None) -> bool:
    return location is None or ":" in location or os.path.isabs(location) or os.path.isdir(location)


def _locate_package(config: Config) -> None:
    """Replace `package:folder` by the folder's path, for Alembic would import the package to find it."""
    location = config.get_alembic_option("script_location") or ""
    package, sign, inner = location.partition(":")
    if not sign or os.path.isabs(location):
        return
    for root in (*(config.get_prepend_sys_paths_list() or ()), ".", *sys.path):
        folder = Path(root, *package.split("."), inner)
        if folder.is_dir():
            config.set_main_option("script_location", str(folder.absolute()).replace("%", "%%"))
            return


def _slug(message: str, length: int) -> str:
    """Return the message as a part of a file's name, cut at a word.

    >>> _slug("Index the foreign keys of messages", 20)
    'index_the_foreign_'
    """
    slug = "_".join(re.findall(r"\w+", message)).lower()
    return slug if len(slug) <= length else slug[:length].rsplit("_", 1)[0] + "_"


def _write_new(path: Path, text: str) -> None:
    """Write a file that does not exist yet, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        path.open("x").close()  # takes the name, or fails where it is taken
    except FileExistsError as error:
        raise MigrationError(f"{str(path)!r} exists. Nothing was written") from error
    write_text(path, text, is_private=False)
