"""The path of a probe: start the app, read its endpoints and ids that exist, and call each at its sizes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from psycopg.conninfo import conninfo_to_dict

from pgwright.database import connect
from pgwright.errors import ProbeError, QueryFailed
from pgwright.importing import told
from pgwright.model.endpoints import ProbedApp, SeenEndpoint
from pgwright.model.not_examined import NotExamined
from pgwright.model.progress import Progress
from pgwright.probe.calling import Calling
from pgwright.probe.catalog import Catalog, read_catalog
from pgwright.probe.client import GetRequest, get
from pgwright.probe.doors import watched_doors
from pgwright.probe.filling import Known
from pgwright.probe.lifespan import running
from pgwright.probe.loading import dsn_of, load_app
from pgwright.probe.measuring import AppCaller
from pgwright.probe.openapi import Endpoint, mounted_apps, order, read_endpoints
from pgwright.probe.request import ProbeRequest
from pgwright.probe.rollback import nothing_stays
from pgwright.probe.server import ServerCosts, read_costs

# Of apps that do not tell it themselves: Starlette, Litestar, Robyn, Connexion, and common prefixes.
_SERVED_AT = ("/openapi.json", "/schema/openapi.json", "/docs/openapi.json", "/api/openapi.json", "/v1/openapi.json")


def call_endpoints(asked: ProbeRequest, progress: Progress) -> ProbedApp:
    """Call the GET endpoints of an app at two sizes and tell what each did; nothing is committed.

    Raises: ProbeError: the app cannot be started or has nothing to call, or an event loop runs in this thread.
        DatabaseError.
    """
    with suppress(RuntimeError):
        asyncio.get_running_loop()
        remedy = "Call it in another thread: await asyncio.to_thread(pgwright.probe_app, request)."
        raise ProbeError(asked.app, "an event loop runs in this thread, and the app needs one of its own", remedy)
    return asyncio.run(_probe(asked, progress))


async def _probe(asked: ProbeRequest, progress: Progress) -> ProbedApp:
    limits = asked.statement_timeout_ms, asked.lock_timeout_ms
    with watched_doors() as doors:
        async with nothing_stays(*limits, doors) as held:
            progress(f"starting {asked.app}")
            app = load_app(asked.app, asked.folder, is_factory=asked.is_factory)
            async with running(app, asked.app, asked.timeout_s) as state:
                await held.keep_startup()
                endpoints = await _endpoints(app, state, asked)
                named = list(dict.fromkeys(filter(None, map(dsn_of, held.engines()))))
                dsn = asked.dsn or next(iter(named), None)
                found, catalog = _read(dsn, asked)
                if asked.dsn is None and len(named) > 1:
                    found.missing.append(_choice(named))
                caller = AppCaller(app, state, asked.timeout_s, held.end_request)
                calling = Calling(caller, asked, _known(asked, dsn, catalog))
                for number, endpoint in enumerate(endpoints):
                    progress(endpoint.name, number, len(endpoints))
                    doors.now = endpoint.name
                    found.add(await calling.call(endpoint, found.costs))
        found.missing.extend(doors.told())
    return _result(asked, found, doors.kept)


@dataclass
class _Found:
    """What was found so far."""

    database: str = ""
    server_version: str = ""
    costs: ServerCosts = field(default_factory=dict)
    seen: list[SeenEndpoint] = field(default_factory=list)
    missing: list[NotExamined] = field(default_factory=list)

    def add(self, answer: SeenEndpoint | NotExamined) -> None:
        if isinstance(answer, SeenEndpoint):
            self.seen.append(answer)
        else:
            self.missing.append(answer)


async def _endpoints(app: Any, state: dict[str, Any], asked: ProbeRequest) -> list[Endpoint]:
    """Return what is to be called. Raises ProbeError when the app tells of no GET endpoint."""
    endpoints = list(read_endpoints(await _schema(app, state, asked)))
    for path, mounted in mounted_apps(app):
        endpoints += read_endpoints(await _schema(mounted, state, asked), path)
    endpoints.sort(key=order)
    if not endpoints:
        raise ProbeError(asked.app, "its OpenAPI schema has no GET endpoint", "Probe the app that has them.")
    chosen = [endpoint for endpoint in endpoints if asked.takes(endpoint.path)]
    if not chosen:
        known = ", ".join(endpoint.path for endpoint in endpoints[:5])
        raise ProbeError(asked.app, "no path fits --only and --skip", f"Its paths begin with: {known}.")
    return chosen


async def _schema(app: Any, state: dict[str, Any], asked: ProbeRequest) -> dict[str, Any]:
    """Return the OpenAPI document: from the app itself, else from where frameworks serve it."""
    document: Any = None
    try:
        own = _own_schema(app)
        if own is not None:
            document = own()
        else:
            for path in _SERVED_AT:
                request = GetRequest(path, headers=asked.headers, cookies=asked.cookies)
                document = (await get(app, request, state, asked.timeout_s)).document
                if _is_schema(document):
                    break
    except Exception as error:  # the app's own code runs here
        reason = asked.hide(told(error))
        raise ProbeError(asked.app, f"its OpenAPI schema failed: {reason}", "Open /openapi.json yourself.") from error
    if not _is_schema(document):
        places = f"neither app.openapi() nor {' nor '.join(_SERVED_AT)}"
        raise ProbeError(asked.app, f"it has no OpenAPI schema: {places}", "Apps of FastAPI and Litestar have one.")
    found: dict[str, Any] = document
    return found


def _own_schema(app: Any) -> Callable[[], Any] | None:
    """Return what gives the schema without a request: in FastAPI, in Litestar."""
    for holder, name in ((app, "openapi"), (getattr(app, "openapi_schema", None), "to_schema")):
        if callable(own := getattr(holder, name, None)):
            return own  # type: ignore[no-any-return]
    return None


def _is_schema(document: Any) -> bool:
    return isinstance(document, dict) and isinstance(document.get("paths"), dict)


def _read(dsn: str | None, asked: ProbeRequest) -> tuple[_Found, Catalog | None]:
    """Read where ids come from, and what the statements have cost until now."""
    found = _Found()
    if dsn is None:
        reason = "the app has no SQLAlchemy engine on PostgreSQL that could be read"
        found.missing.append(NotExamined("ids of the database", reason, "give it: --dsn"))
        return found, None
    with connect(dsn) as database:
        (server,) = database.query("SELECT current_database() AS name, current_setting('server_version') AS version")
        found.database, found.server_version = server["name"], server["version"].partition(" ")[0]
        try:
            found.costs = read_costs(database, found.missing)
            return found, read_catalog(database, asked.policy.soft_delete_columns)
        except QueryFailed as error:
            found.missing.append(NotExamined("ids of the database", str(error)))
            return found, None


def _known(asked: ProbeRequest, dsn: str | None, catalog: Catalog | None) -> Known:
    names = [*(name.lower() for name, _ in asked.headers), *(name.lower() for name, _ in asked.cookies)]
    return Known(dsn, catalog, asked.parameters, frozenset(names))


def _choice(named: list[str]) -> NotExamined:
    """Say which of several databases the ids come from."""
    used, *others = (
        f"{given.get('dbname')} on {given.get('host') or 'the local server'}" for given in map(conninfo_to_dict, named)
    )
    reason = f"the app has engines on several; ids come from {used}, not from {' or '.join(others)}"
    return NotExamined("ids of other databases", reason, "name the one with the rows: --dsn")


def _result(asked: ProbeRequest, found: _Found, kept: tuple[str, ...]) -> ProbedApp:
    return ProbedApp(
        app=asked.app,
        database=found.database,
        server_version=found.server_version,
        probed_at=datetime.now(UTC).isoformat(timespec="seconds"),
        endpoints=tuple(found.seen),
        not_examined=tuple(found.missing),
        kept=kept,
    )
