"""How long the app keeps its rows: deleted ones for 90 days, expired tokens and one-time passwords not at all.

`pgwright retain notebook.retention:RETENTION --dry-run` counts what is due; `python -m notebook.nightly` deletes it at
02:00 each day; `pgwright check` knows it by `policies` in `[tool.pgwright]`.
"""

from __future__ import annotations

from notebook.after.models import Base, Otp, RefreshToken
from pgwright_runtime.retention import Expired, Retention, SoftDeleted

RETENTION = Retention([Expired(RefreshToken.expires_at), Expired(Otp.expires_at), SoftDeleted(Base.metadata)])
