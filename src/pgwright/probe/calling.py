"""Call one endpoint at its sizes, with arguments that it answers."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from sqlalchemy.exc import IllegalStateChangeError, MissingGreenlet

from pgwright.errors import CommitRefused, PgwrightError
from pgwright.importing import told
from pgwright.model.endpoints import SeenEndpoint
from pgwright.model.not_examined import NotExamined
from pgwright.model.probe import ProbedEndpoint
from pgwright.probe.client import GetRequest
from pgwright.probe.filling import Known, Size, Values, fill
from pgwright.probe.measuring import AppCaller, Measured
from pgwright.probe.openapi import Endpoint
from pgwright.probe.problems import read_problems
from pgwright.probe.request import ProbeRequest, shown
from pgwright.probe.server import ServerCosts

_SIGN_IN = "sign in: --header 'Authorization=Bearer …' or --cookie 'session=…'"


class Calling:
    """Calls endpoints one after the other; the answers of lists give ids to those that follow."""

    def __init__(self, caller: AppCaller, asked: ProbeRequest, known: Known) -> None:
        self._caller, self._asked, self._known = caller, asked, known

    async def call(self, endpoint: Endpoint, costs: ServerCosts) -> SeenEndpoint | NotExamined:
        """Return what an endpoint did at each of its sizes, or why it could not be called."""
        try:
            filling = fill(endpoint, self._known)
        except PgwrightError as error:
            return NotExamined(endpoint.name, self._asked.hide(str(error)))
        if filling.unfilled:
            named = ", ".join(filling.unfilled)
            remedy = " ".join(f"--param {name}=…" for name in filling.unfilled)
            return NotExamined(endpoint.name, f"no value is known for {named}", remedy)
        found: list[Measured] = []
        refused: list[NotExamined] = []
        for size in filling.sizes:
            try:
                answer = await self._first_answered(endpoint, size)
            except TimeoutError:
                reason = f"the answer was not whole after {self._asked.timeout_s:g} s"
                return NotExamined(endpoint.name, reason, "--skip it where it streams; else --timeout")
            except Exception as error:  # noqa: BLE001 - the app's own code runs here
                reason = f"the handler raised {self._asked.hide(told(error))}"
                return NotExamined(endpoint.name, reason, _remedy(error))
            if isinstance(answer, Measured):
                found.append(answer)
            else:
                refused.append(answer)
        if not found:
            return refused[0]
        self._keep(endpoint, found[-1])
        if filling.varied == "data":
            found.sort(key=lambda one: (one.call.rows, one.call.rows_fetched or 0))
        varied = filling.varied if len(found) > 1 else "nothing"
        probed = ProbedEndpoint(endpoint.name, varied, tuple(one.call for one in found))
        small, large = (read_problems(one.problems, costs, self._asked) for one in (found[0], found[-1]))
        return SeenEndpoint(probed, small, large)

    async def _first_answered(self, endpoint: Endpoint, size: Size) -> Measured | NotExamined:
        """Measure with the first arguments that are answered with rows, else with the first that are answered."""
        fallback: tuple[GetRequest, str] | None = None
        refused: NotExamined | None = None
        for values in size.candidates:
            request = self._request(endpoint, values)
            answer = await self._caller.once(request)
            label = _label(size, values)
            if answer.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
                refused = NotExamined(endpoint.name, _status(answer.status), _SIGN_IN)
            elif answer.status >= HTTPStatus.MULTIPLE_CHOICES:
                refused = refused or NotExamined(endpoint.name, self._refusal(answer.status, values), _params(values))
            elif answer.rows:
                return await self._caller.measure(request, label)
            else:
                fallback = fallback or (request, label)
        if fallback is not None:
            return await self._caller.measure(*fallback)
        return refused or NotExamined(endpoint.name, "the database has no row to ask for", "fill it with data")

    def _request(self, endpoint: Endpoint, values: Values) -> GetRequest:
        path = endpoint.path
        for (name, place), value in values.items():
            if place == "path":
                path = path.replace(f"{{{name}}}", value).replace(f"{{{name}:path}}", value)
        placed = {
            place: tuple((name, value) for (name, where), value in values.items() if where == place)
            for place in ("query", "header", "cookie")
        }
        return GetRequest(
            path,
            placed["query"],
            (*self._asked.headers, *placed["header"]),
            (*self._asked.cookies, *placed["cookie"]),
        )

    def _refusal(self, status: int, values: Mapping[tuple[str, str], str]) -> str:
        listed = ", ".join(f"{name}={shown(name, value)}" for (name, _), value in values.items())
        return self._asked.hide(f"{_status(status)}{f' with {listed}' if listed else ''}")

    def _keep(self, endpoint: Endpoint, measured: Measured) -> None:
        if "{" not in endpoint.path:
            self._known.answers[endpoint.path.rstrip("/")] = measured.answer.document


def _remedy(error: Exception) -> str:
    if isinstance(error, CommitRefused) or "in a read-only transaction" in str(error):
        return "it writes past the engine's transactions: --skip it"
    if isinstance(error, MissingGreenlet):
        return "a lazy load has to be awaited: load it eagerly, as by selectinload(), or use AsyncAttrs"
    if isinstance(error, IllegalStateChangeError) or "concurrent operations are not permitted" in str(error):
        return "several tasks use one session at a time: give each task its own"
    return "mend it, or --skip it"


def _label(size: Size, values: Values) -> str:
    if "{}" not in size.label:
        return size.label
    name = size.label.removesuffix("={}")
    return next((f"{name}={shown(name, value)}" for (key, _), value in values.items() if key == name), "")


def _status(status: int) -> str:
    try:
        return f"it answers {status} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"it answers {status}"


def _params(values: Values) -> str:
    return " ".join(f"--param {name}=…" for name, _ in values)
