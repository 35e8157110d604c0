"""Ten minutes of an alert hub: webhooks upsert, people look at incidents."""

from __future__ import annotations

from hashlib import md5
from random import Random

from tests.support.corpus import Call, uuid_of

OBSERVED_SECONDS = 600.0


def _fingerprint(random: Random) -> tuple[object, ...]:
    return (md5(f"f{random.randint(0, 29_999)}".encode(), usedforsecurity=False).hexdigest(),)


def _upsert(random: Random) -> tuple[object, ...]:
    n = random.randint(1, 130_000)
    return uuid_of(f"p{1 + n % 50}"), f"ext-{n}", *_fingerprint(random)


def _incident(random: Random) -> tuple[object, ...]:
    return (uuid_of(f"i{random.randint(1, 30_000)}"),)


CALLS = (
    Call(
        "INSERT INTO alert (provider_id, external_id, fingerprint, severity) VALUES (%s, %s, %s, 'info')"
        " ON CONFLICT (provider_id, external_id) DO UPDATE SET seen_at = now()",
        500,
        _upsert,
    ),
    Call(
        "SELECT id, severity, seen_at FROM alert WHERE fingerprint = %s AND deleted_at IS NULL"
        " ORDER BY seen_at DESC LIMIT 1",
        500,
        _fingerprint,
    ),
    Call("SELECT id, title, status FROM incident ORDER BY opened_at DESC LIMIT 25", 200),
    Call(
        "SELECT a.id, a.severity, a.tags FROM alert a JOIN alert_incident ai ON ai.alert_id = a.id"
        " WHERE ai.incident_id = %s AND a.deleted_at IS NULL",
        300,
        _incident,
    ),
    # As SQLAlchemy writes Incident.alerts.any().
    Call(
        "SELECT incident.id, incident.title FROM incident WHERE incident.id = %s AND EXISTS ("
        "SELECT 1 FROM alert_incident, alert WHERE incident.id = alert_incident.incident_id"
        " AND alert.id = alert_incident.alert_id AND alert.severity = %s)",
        150,
        lambda r: (*_incident(r), "critical"),
    ),
    Call(
        "SELECT id, external_id FROM alert WHERE tags @> %s::jsonb ORDER BY seen_at DESC LIMIT 50",
        120,
        lambda r: (f'["host{r.randint(0, 2_999)}"]',),
    ),
    Call("SELECT id FROM alert WHERE id = %s", 200, lambda r: (uuid_of(f"a{r.randint(1, 120_000)}"),)),
    Call("SELECT id, name FROM provider WHERE name = %s", 200, lambda r: (f"Provider {r.randint(1, 50)}",)),
)
