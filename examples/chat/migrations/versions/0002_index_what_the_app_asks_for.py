"""index what the app asks for

Written by pgwright for the database 'chat' as it was on 2026-12-01T11:49:42+00:00.

  1. Create index ix_citations_message_id on citations (message_id)
     answers missing-index:citations (message_id),
     unindexed-foreign-key:citations (message_id)
     saves 33 ms a call, 100.0 % of the time (estimated)
     SHARE UPDATE EXCLUSIVE on citations; under a second
  2. Create index ix_messages_conversation_id_sent_at on messages (conversation_id,
     sent_at)
     answers missing-index:messages (conversation_id, sent_at),
     unindexed-foreign-key:messages (conversation_id)
     saves 33 ms a call, 29.6 % of the time (estimated)
     SHARE UPDATE EXCLUSIVE on messages; under a second
  3. Create index ix_user_sessions_session_id_hash on user_sessions (session_id)
     answers missing-index:user_sessions USING hash (session_id)
     saves 5.0 ms a call, 1.7 % of the time (estimated)
     SHARE UPDATE EXCLUSIVE on user_sessions; under a second
  4. Create index ix_conversations_user_session_id_created_at on conversations
     (user_session_id, created_at)
     answers missing-index:conversations (user_session_id, created_at),
     unindexed-foreign-key:conversations (user_session_id)
     saves 4.6 ms a call, 0.2 % of the time (estimated)
     SHARE UPDATE EXCLUSIVE on conversations; under a second
  5. Create index ix_passages_document_id on passages (document_id)
     answers unindexed-foreign-key:passages (document_id)
     SHARE UPDATE EXCLUSIVE on passages; under a second

Reads and writes go on meanwhile.
Times are estimated from table sizes, on an idle server; waiting for locks comes on top.

Not examined, so without findings (how to, by pgwright check): pool-over-budget,
n-plus-one, repeated-statement, unused-eager-load.

Revision ID: 0002
Revises: 0001
Create Date: 2026-12-01 11:49:44.230050+00:00
"""

from __future__ import annotations

from alembic import op

from pgwright_runtime.migrations import create_index, patient_session, run_long

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with patient_session(), op.get_context().autocommit_block():
        create_index(
            "public.ix_citations_message_id",
            """
            CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_citations_message_id
            ON public.citations (message_id)
            """,
        )
        create_index(
            "public.ix_messages_conversation_id_sent_at",
            """
            CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_messages_conversation_id_sent_at
            ON public.messages (conversation_id, sent_at)
            """,
        )
        create_index(
            "public.ix_user_sessions_session_id_hash",
            """
            CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_user_sessions_session_id_hash
            ON public.user_sessions USING hash (session_id)
            """,
        )
        create_index(
            "public.ix_conversations_user_session_id_created_at",
            """
            CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_conversations_user_session_id_created_at
            ON public.conversations (user_session_id, created_at)
            """,
        )
        create_index(
            "public.ix_passages_document_id",
            """
            CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_passages_document_id
            ON public.passages (document_id)
            """,
        )


def downgrade() -> None:
    with patient_session(), op.get_context().autocommit_block():
        run_long("DROP INDEX CONCURRENTLY IF EXISTS public.ix_passages_document_id")
        run_long(
            """
            DROP INDEX CONCURRENTLY IF EXISTS public.ix_conversations_user_session_id_created_at
            """
        )
        run_long(
            "DROP INDEX CONCURRENTLY IF EXISTS public.ix_user_sessions_session_id_hash",
        )
        run_long(
            """
            DROP INDEX CONCURRENTLY IF EXISTS public.ix_messages_conversation_id_sent_at
            """
        )
        run_long("DROP INDEX CONCURRENTLY IF EXISTS public.ix_citations_message_id")
