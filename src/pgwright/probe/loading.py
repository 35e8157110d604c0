"""Find the app as its server would: `module:attribute`, or a factory; and the database that its engines name."""

from __future__ import annotations

import gc
import inspect
import sys
import sysconfig
import traceback
from importlib import import_module
from pathlib import Path
from typing import Any

from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import Conninfo
from sqlalchemy import Engine

from pgwright.database import mask
from pgwright.errors import ProbeError

_EXPECTED = "Name it as uvicorn does: package.module:attribute"
_SUPPORTED = "FastAPI, Litestar and Starlette with an OpenAPI schema are supported; elsewhere use check or QueryGuard"
_WSGI_ARGUMENTS = 2  # environ, start_response


def load_app(name: str, folder: Path, *, is_factory: bool = False) -> Any:
    """Import the ASGI app, or call the factory that makes it.

    Raises: ProbeError: there is none by that name, or its own code fails.
    """
    module_name, _, attributes = name.partition(":")
    if not module_name or not attributes:
        raise ProbeError(name, "it is no module:attribute", f"{_EXPECTED}.")
    if str(folder.resolve()) not in sys.path:
        sys.path.insert(0, str(folder.resolve()))
    try:
        found: Any = import_module(module_name)
    except (Exception, SystemExit) as error:  # the app's own code runs here
        missing = isinstance(error, ModuleNotFoundError) and module_name.startswith(str(error.name))
        remedy = f"Give its folder: --app-dir; searched {str(folder)!r}" if missing else "Start the app by itself first"
        raise ProbeError(name, f"the import failed: {told(error)}", f"{remedy}.") from error
    for attribute in attributes.split("."):
        if not hasattr(found, attribute):
            raise ProbeError(name, f"{module_name!r} has no attribute {attributes!r}", f"{_EXPECTED}.")
        found = getattr(found, attribute)
    if not callable(found):
        raise ProbeError(name, f"it is {type(found).__name__}, which cannot be called", f"{_EXPECTED}.")
    if is_factory:
        try:
            found = found()
        except (Exception, SystemExit) as error:  # the app's own code runs here
            raise ProbeError(name, f"the factory failed: {told(error)}", "Start the app by itself first.") from error
    _require_asgi(name, found)
    return found


def _require_asgi(name: str, app: Any) -> None:
    """Raise ProbeError for a WSGI app, as Flask's and Django's, which is called with two arguments."""
    try:
        count = len(
            [
                one
                for one in inspect.signature(app).parameters.values()
                if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD) and one.default is one.empty
            ]
        )
    except (TypeError, ValueError):
        return
    if hasattr(app, "wsgi_app") or count == _WSGI_ARGUMENTS:
        kind = type(app).__module__.partition(".")[0]
        raise ProbeError(name, f"it is a WSGI app ({kind}), and a probe calls ASGI apps", f"{_SUPPORTED}.")


def told(error: BaseException) -> str:
    """Return an error of the app's code on one line, with the innermost line that is not of a library."""
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
    foreign = (str(Path(__file__).parents[1]), sysconfig.get_path("stdlib"))
    # A driver's compiled parts name their source, which is not there.
    return not ("site-packages" in file or file.endswith(".pyx") or file.startswith(("<", *foreign)))


def engines() -> list[Engine]:
    """Return the engines on PostgreSQL of this process: one that has not connected yet only the collector knows."""
    return [found for found in gc.get_objects() if type(found) is Engine and found.dialect.name == "postgresql"]


def dsn_of(engine: Engine) -> str | None:
    """Return libpq keywords for the database that an engine names; None where its URL does not tell."""
    cargs, cparams = engine.dialect.create_connect_args(engine.url)
    known = {option.keyword.decode() for option in Conninfo.get_defaults()} - {"options"}
    given = {**(conninfo_to_dict(cargs[0]) if cargs else {}), **cparams}
    renamed = {{"database": "dbname"}.get(key, key): value for key, value in given.items()}
    kept = {key: value for key, value in renamed.items() if key in known and isinstance(value, str | int)}
    return make_conninfo("", **kept) if kept.get("dbname") else None
