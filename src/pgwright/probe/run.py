"""The path of a probe: start the app, read its endpoints and ids that exist, call, compare, find."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from pgwright.database import connect
from pgwright.errors import ProbeError, QueryFailed
from pgwright.model.finding import SEVERITIES, Finding
from pgwright.model.not_examined import NotExamined
from pgwright.model.probe import FindingPlace, Probe
from pgwright.probe.calling import Calling
from pgwright.probe.catalog import Catalog, read_catalog
from pgwright.probe.client import GetRequest, get
from pgwright.probe.doors import watched_doors
from pgwright.probe.evidence import Seen
from pgwright.probe.filling import Known
from pgwright.probe.lifespan import running
from pgwright.probe.loading import dsn_of, load_app, relative, told
from pgwright.probe.measuring import AppCaller
from pgwright.probe.openapi import Endpoint, mounted_apps, order, read_endpoints
from pgwright.probe.queries import n_plus_one, repeated_statement, unused_eager_load
from pgwright.probe.request import ProbeRequest
from pgwright.probe.rollback import nothing_stays
from pgwright.probe.server import ServerCosts, read_costs
from pgwright_runtime.guard import Problem

Progress = Callable[[str, int, int], None]

_FINDERS = (n_plus_one.find, repeated_statement.find, unused_eager_load.find)


def probe(asked: ProbeRequest, progress: Progress) -> Probe:
    """Call the GET endpoints of an app at two sizes and tell whose queries grow; nothing is committed.

    Raises: ProbeError: the app cannot be started or has nothing to call. DatabaseError.
    """
    return asyncio.run(_probe(asked, progress))


async def _probe(asked: ProbeRequest, progress: Progress) -> Probe:
    limits = asked.statement_timeout_ms, asked.lock_timeout_ms
    with watched_doors() as doors:
        async with nothing_stays(*limits, doors) as engines:
            progress(f"starting {asked.app}", 0, 0)
            app = load_app(asked.app, asked.folder, is_factory=asked.is_factory)
            async with running(app, asked.app, asked.timeout_s) as state:
                endpoints = await _endpoints(app, state, asked)
                dsn = asked.dsn or next(filter(None, map(dsn_of, engines())), None)
                found, catalog = _read(dsn, asked)
                calling = Calling(AppCaller(app, state, asked.timeout_s), asked, _known(asked, dsn, catalog))
                for number, endpoint in enumerate(endpoints):
                    progress(endpoint.name, number, len(endpoints))
                    doors.now = endpoint.name
                    found.add(await calling.call(endpoint, found.costs))
        found.missing.extend(doors.told())
    return _result(asked, found)


@dataclass
class _Found:
    """What was found so far."""

    database: str = ""
    server_version: str = ""
    costs: ServerCosts = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)
    missing: list[NotExamined] = field(default_factory=list)

    def add(self, answer: Seen | NotExamined) -> None:
        if isinstance(answer, Seen):
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
    """Return the OpenAPI document: from the app itself, else from where it is served."""
    try:
        if callable(own := getattr(app, "openapi", None)):
            document = own()
        else:
            headers, cookies = asked.headers, asked.cookies
            request = GetRequest("/openapi.json", headers=headers, cookies=cookies)
            document = (await get(app, request, state, asked.timeout_s)).document
    except Exception as error:  # the app's own code runs here
        reason = asked.hide(told(error))
        raise ProbeError(asked.app, f"its OpenAPI schema failed: {reason}", "Open /openapi.json yourself.") from error
    if not isinstance(document, dict) or not isinstance(document.get("paths"), dict):
        raise ProbeError(
            asked.app, "it has no OpenAPI schema, neither app.openapi() nor /openapi.json", "FastAPI apps have one."
        )
    return document


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


def _result(asked: ProbeRequest, found: _Found) -> Probe:
    pairs = [pair for seen in found.seen for find in _FINDERS for pair in find(seen)]
    findings = sorted((_hidden(finding, asked) for finding, _ in pairs), key=lambda one: SEVERITIES.index(one.severity))
    allowed = {one.key for one in findings if one.check in asked.policy.allow or one.key in asked.policy.allow}
    return Probe(
        app=asked.app,
        database=found.database,
        server_version=found.server_version,
        probed_at=datetime.now(UTC).isoformat(timespec="seconds"),
        endpoints=tuple(seen.endpoint for seen in found.seen),
        findings=tuple(one for one in findings if one.key not in allowed),
        places=tuple(_place(finding.key, problem) for finding, problem in pairs if problem and problem.place),
        not_examined=tuple(found.missing),
        allowed=tuple(sorted(allowed)),
    )


def _hidden(finding: Finding, asked: ProbeRequest) -> Finding:
    """Return a finding whose texts hold no secret that was given: a statement may have it as a literal."""
    evidence = tuple(replace(one, name=asked.hide(one.name), value=asked.hide(one.value)) for one in finding.evidence)
    return replace(finding, object=asked.hide(finding.object), evidence=evidence)


def _place(key: str, problem: Problem) -> FindingPlace:
    assert problem.place is not None
    return FindingPlace(key, relative(problem.place.file), problem.place.line)
