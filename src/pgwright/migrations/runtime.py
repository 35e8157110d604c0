"""Whether an app has pgwright-runtime where its revisions run, read from its files without running any of them."""

from __future__ import annotations

import ast
import os
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pgwright.migrations.directory import AlembicDirectory

_PROJECT = ("pyproject.toml", "setup.py", "setup.cfg", "requirements.txt", "Pipfile", ".git")
# What is installed with the app, not only to develop it.
_DEPENDENCIES = (("project", "dependencies"), ("tool", "poetry", "dependencies"), ("packages",))
_LOCKS = ("uv.lock", "poetry.lock", "pdm.lock", "pylock.toml")
_DISTRIBUTION, _TOOL, _MODULE = "pgwright-runtime", "pgwright", "pgwright_runtime"
_NAME = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)")
_FOR_DEVELOPERS = re.compile(r"(?:^|[-_.])(?:dev|develop|development|tests?|ci|lint|docs)(?:[-_.]|$)")
_NO_SOURCES = {"node_modules", "site-packages", "tests", "test", "build", "dist"}
# Beyond it, whoever knows says it: --runtime.
_MOST_FILES = 20_000


def has_runtime(directory: AlembicDirectory) -> bool:
    """Tell whether the app depends on pgwright-runtime, or a module of it imports it.

    A lock file counts where the runtime is there without the tool, which brings it along for developers.
    """
    folder = _project_of(directory.source.parent)
    return any(map(_requires, _declarations(folder))) or any(map(_imports, _modules(folder, directory)))


def _project_of(folder: Path) -> Path:
    """Return the folder of the settings, or the one above where only that looks like an app's own.

    Not further up: what another app of the same repository has, this one may lack.
    """
    near = (folder, folder.parent)
    return next((one for one in near if any((one / name).exists() for name in _PROJECT)), folder)


def _declarations(folder: Path) -> Iterator[Path]:
    yield from (path for name in ("pyproject.toml", "Pipfile", *_LOCKS) if (path := folder / name).is_file())
    for path in (*sorted(folder.glob("requirements*.txt")), *sorted(folder.glob("requirements/*.txt"))):
        if not _FOR_DEVELOPERS.search(path.stem):
            yield path


def _requires(path: Path) -> bool:
    try:
        text = path.read_text("utf-8")
        names = set(_required(path, text))
    except (OSError, UnicodeError, tomllib.TOMLDecodeError):
        return False
    return _DISTRIBUTION in names and not (path.name in _LOCKS and _TOOL in names)


def _required(path: Path, text: str) -> Iterator[str]:
    """Yield the distributions that a file names, as indexes spell them."""
    if path.suffix == ".txt":
        yield from map(_distribution, text.splitlines())
        return
    document = tomllib.loads(text)
    for keys in _DEPENDENCIES:
        found: Any = document
        for key in keys:
            found = found.get(key, {}) if isinstance(found, dict) else {}
        yield from (_distribution(one) for one in found if isinstance(one, str))
    if path.name in _LOCKS:
        packages = document.get("package", document.get("packages", []))
        yield from (_distribution(str(one.get("name", ""))) for one in packages if isinstance(one, dict))


def _distribution(requirement: str) -> str:
    """Return the name that a requirement begins with.

    >>> _distribution("PGwright_runtime[alembic]>=0.2"), _distribution("# none")
    ('pgwright-runtime', '')
    """
    found = _NAME.match(requirement)
    return re.sub(r"[-_.]+", "-", found[1]).lower() if found else ""


def _modules(folder: Path, directory: AlembicDirectory) -> Iterator[Path]:
    """Yield the app's modules, and those of the Alembic directory wherever it lies; no tests: those are no evidence."""
    seen = 0
    for root in (Path(directory.script.dir), folder):
        for here, folders, names in os.walk(root):
            folders[:] = [name for name in folders if not _is_apart(Path(here, name))]
            yield from (Path(here, name) for name in names if _is_source(name))
            seen += 1 + len(names)
            if seen > _MOST_FILES:
                return


def _is_source(name: str) -> bool:
    return name.endswith(".py") and not name.startswith(("test_", "conftest"))


def _is_apart(folder: Path) -> bool:
    return folder.name.startswith(".") or folder.name in _NO_SOURCES or (folder / "pyvenv.cfg").exists()


def _imports(path: Path) -> bool:
    try:
        source = path.read_bytes()
        if _MODULE.encode() not in source:
            return False
        nodes = list(ast.walk(ast.parse(source)))
    except (OSError, SyntaxError, ValueError):
        return False
    named = [name.name for node in nodes if isinstance(node, ast.Import) for name in node.names]
    named += [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom) and not node.level]
    return any(name.split(".")[0] == _MODULE for name in named)
