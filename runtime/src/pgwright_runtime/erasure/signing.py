"""The report of an erasure as a signed document, and how it is checked.

Source: HMAC, RFC 2104, with SHA-256. Whoever can check a report can sign one: it shows an auditor that the report was
made by who has the secret and was not changed since, not that they told the truth.
"""

from __future__ import annotations

import hmac
import json
from dataclasses import asdict
from hashlib import sha256
from typing import Any

from pgwright_runtime._secrets import Secrets, signing_keys
from pgwright_runtime.erasure.errors import InvalidReport
from pgwright_runtime.erasure.outcome import ErasureOutcome

_FORMAT = 1
_ALGORITHM = "HMAC-SHA256"


def signed_report(outcome: ErasureOutcome, secret: Secrets) -> str:
    """Return an outcome as a JSON document with a signature."""
    body = {"kind": "erasure-report", "format": _FORMAT, **asdict(outcome), "rows": outcome.rows}
    document = {**body, "signature": {"algorithm": _ALGORITHM, "value": _signature(body, signing_keys(secret)[0])}}
    return json.dumps(document, indent=2, ensure_ascii=True) + "\n"


def verify_report(document: str, secret: Secrets) -> dict[str, Any]:
    """Return the report, if it is as it was signed. Raises: InvalidReport."""
    try:
        body = json.loads(document)
        signature = body.pop("signature")
        value, algorithm = signature["value"], signature["algorithm"]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InvalidReport("it is no signed report of an erasure") from error
    if algorithm != _ALGORITHM:
        raise InvalidReport(f"it is signed by {algorithm!r}, which is unknown here")
    if not isinstance(value, str) or not any(
        hmac.compare_digest(_signature(body, key).encode(), value.encode()) for key in signing_keys(secret)
    ):
        raise InvalidReport("it was changed after it was signed, or signed with another secret")
    return dict(body)


def _signature(body: dict[str, Any], secret: bytes) -> str:
    key = hmac.new(secret, b"pgwright: reports of erasures", sha256).digest()
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hmac.new(key, canonical.encode(), sha256).hexdigest()
