"""A Deployment whose index is used, and one after which a statement is slower."""

from __future__ import annotations

from dataclasses import replace

from pgwright.model.deployment import BackupCheck, ComparedStatement, CountedStatement, DeployedIndex, Deployment
from pgwright.model.names import QualifiedName
from pgwright.model.not_examined import NotExamined
from tests.support.samples.names import HOSTILE

_TABLE = QualifiedName("public", "messages")
_SLOW = CountedStatement(1, "SELECT * FROM messages WHERE dialog_id = $1", 400, 20_000.0, 1_100_000.0, 320_000)
_FAST = replace(_SLOW, calls=500, total_ms=250.0, squares=150.0, blocks=2_500)
_INDEX = DeployedIndex(
    QualifiedName("public", "ix_messages_dialog"), _TABLE,
    "CREATE INDEX ix_messages_dialog ON public.messages USING btree (dialog_id)", True, 21_000_192, 500, "used",
)  # fmt: skip

CONFIRMED = Deployment(
    database="shop",
    server_version="18.6",
    started_at="2026-11-01T12:00:00+00:00",
    status="confirmed",
    revisions=("4f2a1c9e", "5a3b2d0f"),
    backup=BackupCheck("/backups/shop.dump", "pg_dump --format=custom --dbname=shop --file=shop.dump",
                       "2026-11-01 11:40:02", 13),
    indexes=(_INDEX,),
    statements=(ComparedStatement(_SLOW, _FAST, "faster"),),
    build_seconds=42.5,
    before_seconds=300,
    after_seconds=301.2,
    state="pgwright-deployment.json",
    not_examined=(NotExamined("use on replicas", "pg_stat_user_indexes counts the scans of this server alone"),),
)  # fmt: skip
WORSE = replace(
    CONFIRMED,
    status="slower",
    backup=BackupCheck(HOSTILE, "pg_dump --format=custom", problems=(f"it is of the database {HOSTILE}",)),
    indexes=(replace(_INDEX, name=QualifiedName("public", HOSTILE), scans=0, verdict="not used yet"),),
    statements=(ComparedStatement(replace(_FAST, text=HOSTILE), replace(_SLOW, text=HOSTILE), "slower"),),
)
