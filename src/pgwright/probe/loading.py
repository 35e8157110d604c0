"""Find the app as its server would: `module:attribute`, or a factory; and the database that its engines name."""

from __future__ import annotations

import gc
import inspect
from pathlib import Path
from typing import Any

from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import Conninfo
from sqlalchemy import Engine

from pgwright.errors import ImportFailed, ProbeError
from pgwright.importing import load, told

_EXPECTED = "Name it as uvicorn does: package.module:attribute"
_SUPPORTED = "FastAPI, Litestar and Starlette with an OpenAPI schema are supported; elsewhere use check or QueryGuard"
_WSGI_ARGUMENTS = 2  # environ, start_response


def load_app(name: str, folder: Path, *, is_factory: bool = False) -> Any:
    """Import the ASGI app, or call the factory that makes it.

    Raises: ProbeError: there is none by that name, or its own code fails.
    """
    try:
        found = load(name, folder)
    except ImportFailed as error:
        wanted = "Start the app by itself first." if error.is_users else f"{_EXPECTED}."
        if error.searched is not None:
            wanted = f"Give its folder: --app-dir; searched {error.searched!r}."
        raise ProbeError(name, error.reason, wanted) from error
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
