"""A Probe: endpoints that grow, that stay, and that nobody could vary; and one that found nothing."""

from __future__ import annotations

from pgwright.model.finding import CodeLine, Evidence, Finding
from pgwright.model.not_examined import NotExamined
from pgwright.model.probe import Probe, ProbeCall, ProbedEndpoint
from tests.support.samples.names import HOSTILE

GROWING = Finding(
    check="n-plus-one",
    subject="queries",
    severity="high",
    confidence="certain",
    object="GET /orders: Order.items",
    message="Its queries grow with its rows: 4 for 3 rows, 31 for 30 rows.",
    evidence=(
        Evidence("queries at limit=3", "4 for 3 rows in the answer, 33 rows fetched, 2.1 ms", "measured"),
        Evidence("queries at limit=30", "31 for 30 rows in the answer, 330 rows fetched, 18.0 ms", "measured"),
        Evidence("line", "app/orders.py:81 in list_orders", "measured"),
    ),
    advice="Add selectinload(Order.items) to the query of Order.",
    queries=(42,),
    place=CodeLine("app/orders.py", 81, "list_orders"),
)
HOSTILE_FINDING = Finding(
    check="repeated-statement",
    subject="queries",
    severity="low",
    confidence="likely",
    object=f"GET /{HOSTILE}",
    message=f"One call ran SELECT * FROM {HOSTILE} twice with the same values.",
    evidence=(),
    advice="Run it once.",
    place=CodeLine("/srv/app/with space/odd#name.py", 0, "read"),
)

PROBE = Probe(
    app="app.main:app",
    database="shop",
    server_version="16.4",
    probed_at="2026-11-01T12:00:00+00:00",
    endpoints=(
        ProbedEndpoint(
            "GET /orders", "page size", (ProbeCall("limit=3", 4, 3, 33, 2.1), ProbeCall("limit=30", 31, 30, 330, 18.0))
        ),
        ProbedEndpoint(
            f"GET /{HOSTILE}",
            "data",
            (ProbeCall(f"{HOSTILE}=1", 2, 0, None, 0.42), ProbeCall(f"{HOSTILE}=2", 2, 0, None, 0.44)),
        ),
        ProbedEndpoint("GET /health", "nothing", (ProbeCall("", 1, 1, 1_200_000, 12_000.0),)),
    ),
    findings=(GROWING, HOSTILE_FINDING),
    not_examined=(
        NotExamined("GET /secret", "it answers 401", "--header or --cookie"),
        NotExamined(f"GET /{HOSTILE}/{{id}}", "nothing tells its id"),
    ),
    known=("unused-eager-load:GET /couriers: Courier.orders",),
    allowed=(f"n-plus-one:GET /{HOSTILE}",),
)

EMPTY_PROBE = Probe(
    app="app.main:app",
    database="",
    server_version="",
    probed_at="2026-11-01T12:00:00+00:00",
    endpoints=(),
    findings=(),
    not_examined=(),
)
