"""An ErasureRun: a person with rows that go, change and stay; and one that is stopped."""

from __future__ import annotations

from pgwright.model.erasure import ErasureRun
from pgwright_runtime.erasure.outcome import ErasedTable
from pgwright_runtime.erasure.stops import Stop
from tests.support.samples.names import HOSTILE

ERASURE = ErasureRun(
    declaration="app.erasure:ERASURE",
    mode="erase",
    status="erased",
    subject="public.users",
    person="5f1d7a84db00d2fce00b31a7fc73224f0a4b3bdf4a0a4d2c5c9d6e7f8a9b0c1d",
    database="app@db.example:5432/shop",
    server_version="18.6",
    at="2026-11-01T12:00:00+00:00",
    tables=(
        ErasedTable("public.messages", deleted=120_000, unlinked=3),
        ErasedTable(HOSTILE, anonymised=12, kept=4, reasons=("§ 147 AO: invoices, 10 years", HOSTILE)),
        ErasedTable("public.users", deleted=1),
    ),
    stops=(),
    copies=(f"public.{HOSTILE}",),
    notes=("no list has the person: a restore would bring them back unnoticed",),
    seconds=2.5,
    persons=1,
)
STOPPED_ERASURE = ErasureRun(
    declaration="app.erasure:ERASURE",
    mode="examine",
    status="stopped",
    subject="public.users",
    person="",
    database="app@db.example:5432/shop",
    server_version="",
    at="",
    tables=(),
    stops=(
        Stop(
            "uncovered-column", "public.audit_log", "email",
            "public.audit_log.email is reached by no foreign key and no link, and no rule covers it: its name says so",
            ('Link("public.audit_log.email", "public.users.…")   and   Delete(\'public.audit_log\')',),
        ),
        Stop("legal-hold", "public.users", "", f"1 rows of public.users are under a legal hold: {HOSTILE}"),
    ),
    copies=(),
    notes=(),
    seconds=0.0,
    persons=0,
)  # fmt: skip
