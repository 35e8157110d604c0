"""Remember who was erased, by the hashes of their keys, so that a restored backup can erase them again.

Revision ID: 0007
Revises: 0006
"""

from __future__ import annotations

from alembic import op

import pgwright_runtime.erasure.alembic  # noqa: F401  (registers op.create_erased_persons)

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_erased_persons()  # type: ignore[attr-defined]


def downgrade() -> None:
    op.drop_erased_persons()  # type: ignore[attr-defined]
