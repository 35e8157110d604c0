"""Import what the user names as `module:attribute`, from a folder; and tell what went wrong in the user's code."""

from __future__ import annotations

import sys
import sysconfig
import traceback
from importlib import import_module
from pathlib import Path
from typing import Any

from pgwright.database import mask
from pgwright.errors import ImportFailed


def load(name: str, folder: Path) -> Any:
    """Return the attribute of a module; its code runs in this process.

    Raises: ImportFailed: there is none by that name, or its own code fails.
    """
    module_name, _, attributes = name.partition(":")
    if not module_name or not attributes:
        raise ImportFailed(name, "it is no module:attribute")
    if str(folder.resolve()) not in sys.path:
        sys.path.insert(0, str(folder.resolve()))
    try:
        found: Any = import_module(module_name)
    except (Exception, SystemExit) as error:  # the user's own code runs here
        missing = isinstance(error, ModuleNotFoundError) and module_name.startswith(str(error.name))
        searched = str(folder) if missing else None
        raise ImportFailed(name, f"the import failed: {told(error)}", searched, is_users=not missing) from error
    for attribute in attributes.split("."):
        if not hasattr(found, attribute):
            raise ImportFailed(name, f"{module_name!r} has no attribute {attributes!r}")
        found = getattr(found, attribute)
    return found


def told(error: BaseException) -> str:
    """Return an error of the user's code on one line, with the innermost line that is not of a library."""
    # SQLAlchemy adds the statement and a link on lines of their own.
    said = " ".join(mask(str(error).partition("\n[SQL: ")[0]).split())[:300]
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if _is_users(frame.filename)]
    where = f" at {relative(frames[-1].filename)}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}: {said}{where}" if said else f"{type(error).__name__}{where}"


def relative(file: str) -> str:
    """Return a path as people name it: from the working directory where it lies below it."""
    path, here = Path(file), Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else file


def _is_users(file: str) -> bool:
    foreign = (str(Path(__file__).parent), sysconfig.get_path("stdlib"))
    # A driver's compiled parts name their source, which is not there.
    return not ("site-packages" in file or file.endswith(".pyx") or file.startswith(("<", *foreign)))
