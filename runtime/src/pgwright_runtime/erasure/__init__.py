"""Erase a person (GDPR, article 17): declared beside the models, counted before it is done, proved by a signed report.

    ERASURE = Erasure(
        subject=User,
        rules=[
            Anonymise(Order, columns={Order.user_id: None, Order.ship_to: None}, reason="§ 147 AO: 10 years"),
            Delete(AuditLog),
        ],
        links=[Link(AuditLog.actor_email, User.email)],
    )
    preview(engine, ERASURE, user_id)
    report = signed_report(erase(engine, ERASURE, user_id, secret=SECRET), SECRET)

Foreign keys decide the rest by their own ON DELETE. A column of personal data that nothing covers stops it.
"""

from pgwright_runtime._holds import LegalHold
from pgwright_runtime.erasure.declaration import Anonymise, Delete, Erasure, Keep, Link, Unlink
from pgwright_runtime.erasure.erasing import MOST_ROWS, erase, examine, preview, replay
from pgwright_runtime.erasure.errors import ErasureError, ErasureFailed, ErasureStopped, InvalidReport, PersonErased
from pgwright_runtime.erasure.ledger import ErasedList
from pgwright_runtime.erasure.outcome import Erased, ErasedTable, ErasureOutcome
from pgwright_runtime.erasure.person import require_person
from pgwright_runtime.erasure.signing import signed_report, verify_report
from pgwright_runtime.erasure.stops import Stop

__all__ = [
    "MOST_ROWS",
    "Anonymise",
    "Delete",
    "Erased",
    "ErasedList",
    "ErasedTable",
    "Erasure",
    "ErasureError",
    "ErasureFailed",
    "ErasureOutcome",
    "ErasureStopped",
    "InvalidReport",
    "Keep",
    "LegalHold",
    "Link",
    "PersonErased",
    "Stop",
    "Unlink",
    "erase",
    "examine",
    "preview",
    "replay",
    "require_person",
    "signed_report",
    "verify_report",
]
