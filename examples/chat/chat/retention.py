"""How long the app keeps its rows: what it names an end for until then, and what was asked for 30 days.

`pgwright retain chat.retention:RETENTION --dry-run` counts what is due; `python -m chat.nightly` deletes it at 02:00
each day.
"""

from __future__ import annotations

from datetime import timedelta

from chat.after.models import Conversation, Message, QueryLog, UserSession
from pgwright_runtime.retention import Expired, OlderThan, Retention

RETENTION = Retention(
    [
        # Children first: so a batch is a batch, whatever hangs on a row.
        Expired(Message.expires_at),
        Expired(Conversation.expires_at),
        Expired(UserSession.expires_at),
        OlderThan(QueryLog.asked_at, timedelta(days=30)),
    ]
)
