"""index what the app asks for

Written by pgwright for the database 'notebook' as it was on 2026-11-30T15:36:26+00:00.

  1. Create index ix_messages_conversation_id_created_at on messages (conversation_id,
     created_at)
     answers missing-index:messages (conversation_id, created_at),
     unindexed-foreign-key:messages (conversation_id)
     saves 154 ms a call, 35.3 % of the time (estimated)
     SHARE UPDATE EXCLUSIVE on messages; under a second
  2. Create index ix_chunks_source_id_position on chunks (source_id, "position")
     answers missing-index:chunks (source_id, "position"),
     unindexed-foreign-key:chunks (source_id)
     saves 97 ms a call, 32.4 % of the time (estimated)
     SHARE UPDATE EXCLUSIVE on chunks; under a second
  3. Create index ix_jobs_document_id on jobs (document_id)
     answers missing-index:jobs (document_id), unindexed-foreign-key:jobs (document_id)
     saves 26 ms a call, 11.5 % of the time (estimated)
     SHARE UPDATE EXCLUSIVE on jobs; under a second
  4. Create index ix_jobs_created_at_status_pending on jobs (created_at) where status =
     'pending'
     answers missing-index:jobs (created_at) WHERE status = 'pending'
     saves 24 ms a call, 7.4 % of the time (estimated)
     SHARE UPDATE EXCLUSIVE on jobs; under a second
  5. Create index ix_sources_notebook_id on sources (notebook_id)
     answers missing-index:sources (notebook_id),
     unindexed-foreign-key:sources (notebook_id)
     saves 6.8 ms a call, 6.9 % of the time (estimated)
     SHARE UPDATE EXCLUSIVE on sources; under a second
  6. Create index ix_conversations_notebook_id_user_id on conversations (notebook_id,
     user_id)
     answers missing-index:conversations (notebook_id, user_id),
     unindexed-foreign-key:conversations (notebook_id)
     saves 4.0 ms a call, 4.0 % of the time (estimated)
     SHARE UPDATE EXCLUSIVE on conversations; under a second
  7. Create index ix_refresh_tokens_token_hash on refresh_tokens (token_hash)
     answers missing-index:refresh_tokens (token_hash)
     saves 4.9 ms a call, 0.8 % of the time (estimated)
     SHARE UPDATE EXCLUSIVE on refresh_tokens; under a second
  8. Create index ix_quizzes_notebook_id on quizzes (notebook_id)
     answers missing-index:quizzes (notebook_id),
     unindexed-foreign-key:quizzes (notebook_id)
     saves 4.7 ms a call, 0.4 % of the time (estimated)
     SHARE UPDATE EXCLUSIVE on quizzes; under a second
  9. Create index ix_generation_history_user_id_created_at on generation_history
     (user_id, created_at)
     answers missing-index:generation_history (user_id, created_at),
     unindexed-foreign-key:generation_history (user_id)
     saves 5.2 ms a call, 0.2 % of the time (estimated)
     SHARE UPDATE EXCLUSIVE on generation_history; under a second
  10. Create index ix_study_guides_notebook_id on study_guides (notebook_id)
      answers missing-index:study_guides (notebook_id),
      unindexed-foreign-key:study_guides (notebook_id)
      saves 3.7 ms a call, 0.2 % of the time (estimated)
      SHARE UPDATE EXCLUSIVE on study_guides; under a second
  11. Create index ix_documents_content_hash on documents (content_hash)
      answers missing-index:documents (content_hash)
      saves 4.0 ms a call, 0.2 % of the time (estimated)
      SHARE UPDATE EXCLUSIVE on documents; under a second
  12. Create index ix_otps_user_id_purpose_created_at on otps (user_id, purpose,
      created_at)
      answers missing-index:otps (user_id, purpose, created_at),
      unindexed-foreign-key:otps (user_id)
      saves 2.4 ms a call, 0.1 % of the time (estimated)
      SHARE UPDATE EXCLUSIVE on otps; under a second
  13. Create index ix_documents_user_id_created_at on documents (user_id, created_at)
      answers missing-index:documents (user_id, created_at),
      unindexed-foreign-key:documents (user_id)
      saves 4.4 ms a call, 0.1 % of the time (estimated)
      SHARE UPDATE EXCLUSIVE on documents; under a second
  14. Create index ix_notebooks_owner_id_created_at on notebooks (owner_id, created_at)
      answers missing-index:notebooks (owner_id, created_at),
      unindexed-foreign-key:notebooks (owner_id)
      saves 2.0 ms a call, 0.1 % of the time (estimated)
      SHARE UPDATE EXCLUSIVE on notebooks; under a second
  15. Create index ix_users_email on users (email)
      answers missing-index:users (email)
      saves 0.13 ms a call, under 0.1 % of the time (estimated)
      SHARE UPDATE EXCLUSIVE on users; under a second
  16. Create index ix_conversations_user_id on conversations (user_id)
      answers unindexed-foreign-key:conversations (user_id)
      SHARE UPDATE EXCLUSIVE on conversations; under a second
  17. Create index ix_generation_history_job_id on generation_history (job_id)
      answers unindexed-foreign-key:generation_history (job_id)
      SHARE UPDATE EXCLUSIVE on generation_history; under a second
  18. Create index ix_refresh_tokens_user_id on refresh_tokens (user_id)
      answers unindexed-foreign-key:refresh_tokens (user_id)
      SHARE UPDATE EXCLUSIVE on refresh_tokens; under a second

Reads and writes go on meanwhile.
Times are estimated from table sizes, on an idle server; waiting for locks comes on top.

Not examined, so without findings (how to, by pgwright check): pool-over-budget,
n-plus-one, repeated-statement, unused-eager-load.

Revision ID: 0002
Revises: 0001
Create Date: 2026-11-30 15:36:44.134401+00:00
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
            "public.ix_messages_conversation_id_created_at",
            """
            CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_messages_conversation_id_created_at
            ON public.messages (conversation_id, created_at)
            """,
        )
        create_index(
            "public.ix_chunks_source_id_position",
            """
            CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_chunks_source_id_position
            ON public.chunks (source_id, "position")
            """,
        )
        create_index(
            "public.ix_jobs_document_id",
            """
            CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_jobs_document_id
            ON public.jobs (document_id)
            """,
        )
        create_index(
            "public.ix_jobs_created_at_status_pending",
            """
            CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_jobs_created_at_status_pending
            ON public.jobs (created_at)
            WHERE status = 'pending'
            """,
        )
        create_index(
            "public.ix_sources_notebook_id",
            """
            CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_sources_notebook_id
            ON public.sources (notebook_id)
            """,
        )
        create_index(
            "public.ix_conversations_notebook_id_user_id",
            """
            CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_conversations_notebook_id_user_id
            ON public.conversations (notebook_id, user_id)
            """,
        )
        create_index(
            "public.ix_refresh_tokens_token_hash",
            """
            CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_refresh_tokens_token_hash
            ON public.refresh_tokens (token_hash)
            """,
        )
        create_index(
            "public.ix_quizzes_notebook_id",
            """
            CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_quizzes_notebook_id
            ON public.quizzes (notebook_id)
            """,
        )
        create_index(
            "public.ix_generation_history_user_id_created_at",
            """
            CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_generation_history_user_id_created_at
            ON public.generation_history (user_id, created_at)
            """,
        )
        create_index(
            "public.ix_study_guides_notebook_id",
            """
            CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_study_guides_notebook_id
            ON public.study_guides (notebook_id)
            """,
        )
        create_index(
            "public.ix_documents_content_hash",
            """
            CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_documents_content_hash
            ON public.documents (content_hash)
            """,
        )
        create_index(
            "public.ix_otps_user_id_purpose_created_at",
            """
            CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_otps_user_id_purpose_created_at
            ON public.otps (user_id, purpose, created_at)
            """,
        )
        create_index(
            "public.ix_documents_user_id_created_at",
            """
            CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_documents_user_id_created_at
            ON public.documents (user_id, created_at)
            """,
        )
        create_index(
            "public.ix_notebooks_owner_id_created_at",
            """
            CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_notebooks_owner_id_created_at
            ON public.notebooks (owner_id, created_at)
            """,
        )
        create_index(
            "public.ix_users_email",
            """
            CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_users_email
            ON public.users (email)
            """,
        )
        create_index(
            "public.ix_conversations_user_id",
            """
            CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_conversations_user_id
            ON public.conversations (user_id)
            """,
        )
        create_index(
            "public.ix_generation_history_job_id",
            """
            CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_generation_history_job_id
            ON public.generation_history (job_id)
            """,
        )
        create_index(
            "public.ix_refresh_tokens_user_id",
            """
            CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_refresh_tokens_user_id
            ON public.refresh_tokens (user_id)
            """,
        )


def downgrade() -> None:
    with patient_session(), op.get_context().autocommit_block():
        run_long("DROP INDEX CONCURRENTLY IF EXISTS public.ix_refresh_tokens_user_id")
        run_long(
            "DROP INDEX CONCURRENTLY IF EXISTS public.ix_generation_history_job_id",
        )
        run_long("DROP INDEX CONCURRENTLY IF EXISTS public.ix_conversations_user_id")
        run_long("DROP INDEX CONCURRENTLY IF EXISTS public.ix_users_email")
        run_long(
            "DROP INDEX CONCURRENTLY IF EXISTS public.ix_notebooks_owner_id_created_at",
        )
        run_long(
            "DROP INDEX CONCURRENTLY IF EXISTS public.ix_documents_user_id_created_at",
        )
        run_long(
            """
            DROP INDEX CONCURRENTLY IF EXISTS public.ix_otps_user_id_purpose_created_at
            """
        )
        run_long("DROP INDEX CONCURRENTLY IF EXISTS public.ix_documents_content_hash")
        run_long("DROP INDEX CONCURRENTLY IF EXISTS public.ix_study_guides_notebook_id")
        run_long(
            """
            DROP INDEX CONCURRENTLY IF EXISTS public.ix_generation_history_user_id_created_at
            """
        )
        run_long("DROP INDEX CONCURRENTLY IF EXISTS public.ix_quizzes_notebook_id")
        run_long(
            "DROP INDEX CONCURRENTLY IF EXISTS public.ix_refresh_tokens_token_hash",
        )
        run_long(
            """
            DROP INDEX CONCURRENTLY IF EXISTS public.ix_conversations_notebook_id_user_id
            """
        )
        run_long("DROP INDEX CONCURRENTLY IF EXISTS public.ix_sources_notebook_id")
        run_long(
            """
            DROP INDEX CONCURRENTLY IF EXISTS public.ix_jobs_created_at_status_pending
            """
        )
        run_long("DROP INDEX CONCURRENTLY IF EXISTS public.ix_jobs_document_id")
        run_long(
            "DROP INDEX CONCURRENTLY IF EXISTS public.ix_chunks_source_id_position",
        )
        run_long(
            """
            DROP INDEX CONCURRENTLY IF EXISTS public.ix_messages_conversation_id_created_at
            """
        )
