"""fix what pgwright check found

Written by pgwright for the database 'notebook' as it was on 2026-11-21T11:12:02+00:00.

Answers these findings:

  - text-uuid-key:chunks (id)
  - text-uuid-key:sources (id)
  - text-uuid-key:conversations (id)
  - text-uuid-key:notebooks (id)
  - text-uuid-key:users (id)
  - text-uuid-key:documents (id)
  - text-uuid-key:messages (id)
  - text-uuid-key:jobs (id)
  - text-uuid-key:generation_history (id)
  - text-uuid-key:otps (id)
  - text-uuid-key:quizzes (id)
  - text-uuid-key:refresh_tokens (id)
  - text-uuid-key:study_guides (id)
  - missing-index:chunks (source_id, "position")
  - unindexed-foreign-key:chunks (source_id)
  - missing-index:messages (conversation_id, created_at)
  - unindexed-foreign-key:messages (conversation_id)
  - missing-index:jobs (document_id)
  - unindexed-foreign-key:jobs (document_id)
  - missing-index:sources (notebook_id)
  - unindexed-foreign-key:sources (notebook_id)
  - missing-index:jobs (created_at) WHERE status = 'pending'
  - missing-index:conversations (notebook_id, user_id)
  - unindexed-foreign-key:conversations (notebook_id)
  - missing-index:refresh_tokens (token_hash)
  - missing-index:quizzes (notebook_id)
  - unindexed-foreign-key:quizzes (notebook_id)
  - missing-index:generation_history (user_id, created_at)
  - unindexed-foreign-key:generation_history (user_id)
  - missing-index:study_guides (notebook_id)
  - unindexed-foreign-key:study_guides (notebook_id)
  - missing-index:documents (content_hash)
  - missing-index:notebooks (owner_id, created_at)
  - unindexed-foreign-key:notebooks (owner_id)
  - missing-index:otps (user_id, purpose, created_at)
  - unindexed-foreign-key:otps (user_id)
  - missing-index:documents (user_id, created_at)
  - unindexed-foreign-key:documents (user_id)
  - unindexed-foreign-key:conversations (user_id)
  - unindexed-foreign-key:refresh_tokens (user_id)
  - unindexed-foreign-key:generation_history (job_id)
  - missing-index:users (email)

Steps (estimated from table sizes: 40 MB/s for an index build, 25 MB/s for a rewrite;
waiting for locks comes on top):

  1. Convert 27 columns of 13 tables to uuid: about 24 s.
     ACCESS SHARE, then ACCESS EXCLUSIVE, then SHARE UPDATE EXCLUSIVE on chunks,
     conversations, documents, generation_history, jobs, messages, notebooks, otps,
     quizzes, refresh_tokens, sources, study_guides, users
  2. Create index ix_chunks_source_id_position on chunks (source_id, "position"): about
     4 s.
     SHARE UPDATE EXCLUSIVE on chunks
  3. Create index ix_messages_conversation_id_created_at on messages (conversation_id,
     created_at): about 6 s.
     SHARE UPDATE EXCLUSIVE on messages
  4. Create index ix_jobs_document_id on jobs (document_id): under a second.
     SHARE UPDATE EXCLUSIVE on jobs
  5. Create index ix_sources_notebook_id on sources (notebook_id): under a second.
     SHARE UPDATE EXCLUSIVE on sources
  6. Create index ix_jobs_created_at_status_pending on jobs (created_at) where status =
     'pending': under a second.
     SHARE UPDATE EXCLUSIVE on jobs
  7. Create index ix_conversations_notebook_id_user_id on conversations (notebook_id,
     user_id): under a second.
     SHARE UPDATE EXCLUSIVE on conversations
  8. Create index ix_refresh_tokens_token_hash on refresh_tokens (token_hash): under a
     second.
     SHARE UPDATE EXCLUSIVE on refresh_tokens
  9. Create index ix_quizzes_notebook_id on quizzes (notebook_id): under a second.
     SHARE UPDATE EXCLUSIVE on quizzes
  10. Create index ix_generation_history_user_id_created_at on generation_history
      (user_id, created_at): under a second.
      SHARE UPDATE EXCLUSIVE on generation_history
  11. Create index ix_study_guides_notebook_id on study_guides (notebook_id): under a
      second.
      SHARE UPDATE EXCLUSIVE on study_guides
  12. Create index ix_documents_content_hash on documents (content_hash): under a
      second.
      SHARE UPDATE EXCLUSIVE on documents
  13. Create index ix_notebooks_owner_id_created_at on notebooks (owner_id, created_at):
      under a second.
      SHARE UPDATE EXCLUSIVE on notebooks
  14. Create index ix_otps_user_id_purpose_created_at on otps (user_id, purpose,
      created_at): under a second.
      SHARE UPDATE EXCLUSIVE on otps
  15. Create index ix_documents_user_id_created_at on documents (user_id, created_at):
      under a second.
      SHARE UPDATE EXCLUSIVE on documents
  16. Create index ix_conversations_user_id on conversations (user_id): under a second.
      SHARE UPDATE EXCLUSIVE on conversations
  17. Create index ix_refresh_tokens_user_id on refresh_tokens (user_id): under a
      second.
      SHARE UPDATE EXCLUSIVE on refresh_tokens
  18. Create index ix_generation_history_job_id on generation_history (job_id): under a
      second.
      SHARE UPDATE EXCLUSIVE on generation_history
  19. Create index ix_users_email on users (email): under a second.
      SHARE UPDATE EXCLUSIVE on users

What these locks do:

  - ACCESS SHARE: blocks no reads and no writes
  - SHARE UPDATE EXCLUSIVE: blocks no reads and no writes, only other changes of the
    table and VACUUM
  - ACCESS EXCLUSIVE: blocks reads and writes; for a moment where the step is not named
    as unsafe below

UNSAFE ON A BUSY TABLE:

  - Step 1: Nobody reads or writes chunks, conversations, documents, generation_history,
    jobs, messages, notebooks, otps, quizzes, refresh_tokens, sources, study_guides,
    users while they are rewritten: about 24 s, estimated. It needs about 603 MB of free
    disk meanwhile. On a busy database run it in a maintenance window, and measure it on
    a copy first. Deploy it together with the models: code that binds the old type to
    these columns fails afterwards. Capital letters in the old texts come back small in
    the downgrade.

Change the models too, so that `alembic check` stays clean:

    chunks.id: mapped_column(Uuid)
    chunks.source_id: mapped_column(Uuid)
    conversations.id: mapped_column(Uuid)
    conversations.notebook_id: mapped_column(Uuid)
    conversations.user_id: mapped_column(Uuid)
    documents.id: mapped_column(Uuid)
    documents.user_id: mapped_column(Uuid)
    generation_history.id: mapped_column(Uuid)
    generation_history.job_id: mapped_column(Uuid)
    generation_history.user_id: mapped_column(Uuid)
    jobs.document_id: mapped_column(Uuid)
    jobs.id: mapped_column(Uuid)
    messages.conversation_id: mapped_column(Uuid)
    messages.id: mapped_column(Uuid)
    notebooks.id: mapped_column(Uuid)
    notebooks.owner_id: mapped_column(Uuid)
    otps.id: mapped_column(Uuid)
    otps.user_id: mapped_column(Uuid)
    quizzes.id: mapped_column(Uuid)
    quizzes.notebook_id: mapped_column(Uuid)
    refresh_tokens.id: mapped_column(Uuid)
    refresh_tokens.user_id: mapped_column(Uuid)
    sources.id: mapped_column(Uuid)
    sources.notebook_id: mapped_column(Uuid)
    study_guides.id: mapped_column(Uuid)
    study_guides.notebook_id: mapped_column(Uuid)
    users.id: mapped_column(Uuid)
    (Uuid columns take uuid.UUID values: default=uuid4, not a function that gives a str)
    chunks: Index("ix_chunks_source_id_position", "source_id", "position")
    messages: Index(
        "ix_messages_conversation_id_created_at",
        "conversation_id",
        "created_at",
    )
    jobs: Index("ix_jobs_document_id", "document_id")
    sources: Index("ix_sources_notebook_id", "notebook_id")
    jobs: Index(
        "ix_jobs_created_at_status_pending",
        "created_at",
        postgresql_where=text("status = 'pending'"),
    )
    conversations: Index(
        "ix_conversations_notebook_id_user_id",
        "notebook_id",
        "user_id",
    )
    refresh_tokens: Index("ix_refresh_tokens_token_hash", "token_hash")
    quizzes: Index("ix_quizzes_notebook_id", "notebook_id")
    generation_history: Index(
        "ix_generation_history_user_id_created_at",
        "user_id",
        "created_at",
    )
    study_guides: Index("ix_study_guides_notebook_id", "notebook_id")
    documents: Index("ix_documents_content_hash", "content_hash")
    notebooks: Index("ix_notebooks_owner_id_created_at", "owner_id", "created_at")
    otps: Index(
        "ix_otps_user_id_purpose_created_at",
        "user_id",
        "purpose",
        "created_at",
    )
    documents: Index("ix_documents_user_id_created_at", "user_id", "created_at")
    conversations: Index("ix_conversations_user_id", "user_id")
    refresh_tokens: Index("ix_refresh_tokens_user_id", "user_id")
    generation_history: Index("ix_generation_history_job_id", "job_id")
    users: Index("ix_users_email", "email")

Left to you:

  - n-plus-one-suspect:sources (notebook_id)
  - n-plus-one-suspect:documents (id)
  - deep-offset:messages
  - deep-offset:notebooks
  - n-plus-one-suspect:jobs (document_id)
  - n-plus-one-suspect:conversations (notebook_id)
  - no-statement-timeout:notebook
  - retention-overdue:otps (expires_at)
  - retention-overdue:refresh_tokens (expires_at)
  - sequential-scan-heavy:messages
  - sequential-scan-heavy:chunks
  - sequential-scan-heavy:sources
  - sequential-scan-heavy:jobs
  - sequential-scan-heavy:conversations
  - superuser-application:postgres
  - n-plus-one-suspect:conversations (id)
  - foreign-key-without-cascade:conversations
  - foreign-key-without-cascade:documents
  - foreign-key-without-cascade:jobs
  - foreign-key-without-cascade:notebooks
  - foreign-key-without-cascade:sources
  - foreign-key-without-cascade:users

Revision ID: 0002
Revises: 0001
"""

import random
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from textwrap import dedent

import sqlalchemy as sa
from alembic import op
from alembic.util import CommandError

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# Whoever waits for an exclusive lock holds up all who come after; so wait shortly, let
# the others pass, and try again.
LOCK_WAIT = "2s"
TRIES = 20

# A concurrent build waits for older transactions, but nobody who reads or writes queues
# behind it.
LONG_WAIT = "30min"


def upgrade() -> None:
    with _patient_session():
        # Convert 27 columns of 13 tables to uuid
        _run(
            """
            DO $block$
            DECLARE
                place record;
                bad bigint;
                example text;
            BEGIN
                FOR place IN
                    SELECT * FROM (VALUES
                        ('public.chunks', 'id'),
                        ('public.chunks', 'source_id'),
                        ('public.conversations', 'id'),
                        ('public.conversations', 'notebook_id'),
                        ('public.conversations', 'user_id'),
                        ('public.documents', 'id'),
                        ('public.documents', 'user_id'),
                        ('public.generation_history', 'id'),
                        ('public.generation_history', 'job_id'),
                        ('public.generation_history', 'user_id'),
                        ('public.jobs', 'document_id'),
                        ('public.jobs', 'id'),
                        ('public.messages', 'conversation_id'),
                        ('public.messages', 'id'),
                        ('public.notebooks', 'id'),
                        ('public.notebooks', 'owner_id'),
                        ('public.otps', 'id'),
                        ('public.otps', 'user_id'),
                        ('public.quizzes', 'id'),
                        ('public.quizzes', 'notebook_id'),
                        ('public.refresh_tokens', 'id'),
                        ('public.refresh_tokens', 'user_id'),
                        ('public.sources', 'id'),
                        ('public.sources', 'notebook_id'),
                        ('public.study_guides', 'id'),
                        ('public.study_guides', 'notebook_id'),
                        ('public.users', 'id')
                    ) AS places (table_name, column_name)
                LOOP
                    EXECUTE format(
                        'SELECT count(*), min(%2$s::text) FROM %1$s '
                        'WHERE %2$s::text !~* %3$L',
                        place.table_name,
                        place.column_name,
                        '^[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}$'
                    ) INTO bad, example;
                    IF bad > 0 THEN
                        RAISE EXCEPTION '% of %: % values are no UUID, for example %',
                            place.column_name, place.table_name, bad, quote_literal(left(example, 100))
                            USING HINT = 'Correct or delete them and run this again; nothing was converted.';
                    END IF;
                END LOOP;
            END $block$
            """
        )
        _run(
            """
            DO $block$
            DECLARE
                place record;
                example text;
            BEGIN
                FOR place IN
                    SELECT * FROM (VALUES
                        ('public.chunks', 'id', 'id::text::uuid', 'id IS NOT NULL'),
                        ('public.conversations', 'id', 'id::text::uuid', 'id IS NOT NULL'),
                        ('public.documents', 'id', 'id::text::uuid', 'id IS NOT NULL'),
                        ('public.generation_history', 'id', 'id::text::uuid', 'id IS NOT NULL'),
                        ('public.jobs', 'id', 'id::text::uuid', 'id IS NOT NULL'),
                        ('public.messages', 'id', 'id::text::uuid', 'id IS NOT NULL'),
                        ('public.notebooks', 'id', 'id::text::uuid', 'id IS NOT NULL'),
                        ('public.otps', 'id', 'id::text::uuid', 'id IS NOT NULL'),
                        ('public.quizzes', 'id', 'id::text::uuid', 'id IS NOT NULL'),
                        ('public.refresh_tokens', 'id', 'id::text::uuid', 'id IS NOT NULL'),
                        ('public.sources', 'id', 'id::text::uuid', 'id IS NOT NULL'),
                        ('public.study_guides', 'id', 'id::text::uuid', 'id IS NOT NULL'),
                        ('public.users', 'id', 'id::text::uuid', 'id IS NOT NULL')
                    ) AS places (table_name, columns, keys, condition)
                LOOP
                    EXECUTE format(
                        'SELECT row(%2$s)::text FROM %1$s WHERE %3$s '
                        'GROUP BY %2$s HAVING count(*) > 1 LIMIT 1',
                        place.table_name, place.keys, place.condition
                    ) INTO example;
                    IF example IS NOT NULL THEN
                        RAISE EXCEPTION 'unique (%) of %: several texts are the same UUID, for example %',
                            place.columns, place.table_name, example
                            USING HINT = 'Keep one of them and run this again; nothing was converted.';
                    END IF;
                END LOOP;
            END $block$
            """
        )
        _run(
            """
            LOCK TABLE
                public.chunks,
                public.conversations,
                public.documents,
                public.generation_history,
                public.jobs,
                public.messages,
                public.notebooks,
                public.otps,
                public.quizzes,
                public.refresh_tokens,
                public.sources,
                public.study_guides,
                public.users
            IN ACCESS EXCLUSIVE MODE
            """
        )
        _run(
            """
            ALTER TABLE public.chunks
                DROP CONSTRAINT IF EXISTS fk_chunks_source_id_sources
            """
        )
        _run(
            """
            ALTER TABLE public.conversations
                DROP CONSTRAINT IF EXISTS fk_conversations_notebook_id_notebooks,
                DROP CONSTRAINT IF EXISTS fk_conversations_user_id_users
            """
        )
        _run(
            """
            ALTER TABLE public.documents
                DROP CONSTRAINT IF EXISTS fk_documents_user_id_users
            """
        )
        _run(
            """
            ALTER TABLE public.generation_history
                DROP CONSTRAINT IF EXISTS fk_generation_history_job_id_jobs,
                DROP CONSTRAINT IF EXISTS fk_generation_history_user_id_users
            """
        )
        _run(
            """
            ALTER TABLE public.jobs
                DROP CONSTRAINT IF EXISTS fk_jobs_document_id_documents
            """
        )
        _run(
            """
            ALTER TABLE public.messages
                DROP CONSTRAINT IF EXISTS fk_messages_conversation_id_conversations
            """
        )
        _run(
            """
            ALTER TABLE public.notebooks
                DROP CONSTRAINT IF EXISTS fk_notebooks_owner_id_users
            """
        )
        _run(
            """
            ALTER TABLE public.otps
                DROP CONSTRAINT IF EXISTS fk_otps_user_id_users
            """
        )
        _run(
            """
            ALTER TABLE public.quizzes
                DROP CONSTRAINT IF EXISTS fk_quizzes_notebook_id_notebooks
            """
        )
        _run(
            """
            ALTER TABLE public.refresh_tokens
                DROP CONSTRAINT IF EXISTS fk_refresh_tokens_user_id_users
            """
        )
        _run(
            """
            ALTER TABLE public.sources
                DROP CONSTRAINT IF EXISTS fk_sources_notebook_id_notebooks
            """
        )
        _run(
            """
            ALTER TABLE public.study_guides
                DROP CONSTRAINT IF EXISTS fk_study_guides_notebook_id_notebooks
            """
        )
        _run(
            """
            ALTER TABLE public.chunks
                ALTER COLUMN id TYPE uuid USING id::uuid,
                ALTER COLUMN source_id TYPE uuid USING source_id::uuid
            """
        )
        _run(
            """
            ALTER TABLE public.conversations
                ALTER COLUMN id TYPE uuid USING id::uuid,
                ALTER COLUMN notebook_id TYPE uuid USING notebook_id::uuid,
                ALTER COLUMN user_id TYPE uuid USING user_id::uuid
            """
        )
        _run(
            """
            ALTER TABLE public.documents
                ALTER COLUMN id TYPE uuid USING id::uuid,
                ALTER COLUMN user_id TYPE uuid USING user_id::uuid
            """
        )
        _run(
            """
            ALTER TABLE public.generation_history
                ALTER COLUMN id TYPE uuid USING id::uuid,
                ALTER COLUMN job_id TYPE uuid USING job_id::uuid,
                ALTER COLUMN user_id TYPE uuid USING user_id::uuid
            """
        )
        _run(
            """
            ALTER TABLE public.jobs
                ALTER COLUMN document_id TYPE uuid USING document_id::uuid,
                ALTER COLUMN id TYPE uuid USING id::uuid
            """
        )
        _run(
            """
            ALTER TABLE public.messages
                ALTER COLUMN conversation_id TYPE uuid USING conversation_id::uuid,
                ALTER COLUMN id TYPE uuid USING id::uuid
            """
        )
        _run(
            """
            ALTER TABLE public.notebooks
                ALTER COLUMN id TYPE uuid USING id::uuid,
                ALTER COLUMN owner_id TYPE uuid USING owner_id::uuid
            """
        )
        _run(
            """
            ALTER TABLE public.otps
                ALTER COLUMN id TYPE uuid USING id::uuid,
                ALTER COLUMN user_id TYPE uuid USING user_id::uuid
            """
        )
        _run(
            """
            ALTER TABLE public.quizzes
                ALTER COLUMN id TYPE uuid USING id::uuid,
                ALTER COLUMN notebook_id TYPE uuid USING notebook_id::uuid
            """
        )
        _run(
            """
            ALTER TABLE public.refresh_tokens
                ALTER COLUMN id TYPE uuid USING id::uuid,
                ALTER COLUMN user_id TYPE uuid USING user_id::uuid
            """
        )
        _run(
            """
            ALTER TABLE public.sources
                ALTER COLUMN id TYPE uuid USING id::uuid,
                ALTER COLUMN notebook_id TYPE uuid USING notebook_id::uuid
            """
        )
        _run(
            """
            ALTER TABLE public.study_guides
                ALTER COLUMN id TYPE uuid USING id::uuid,
                ALTER COLUMN notebook_id TYPE uuid USING notebook_id::uuid
            """
        )
        _run("ALTER TABLE public.users ALTER COLUMN id TYPE uuid USING id::uuid")
        _run(
            """
            ALTER TABLE public.chunks
                ADD CONSTRAINT fk_chunks_source_id_sources FOREIGN KEY (source_id)
                    REFERENCES public.sources(id) NOT VALID
            """
        )
        _run(
            """
            ALTER TABLE public.conversations
                ADD CONSTRAINT fk_conversations_notebook_id_notebooks FOREIGN KEY (notebook_id)
                    REFERENCES public.notebooks(id) NOT VALID,
                ADD CONSTRAINT fk_conversations_user_id_users FOREIGN KEY (user_id)
                    REFERENCES public.users(id) NOT VALID
            """
        )
        _run(
            """
            ALTER TABLE public.documents
                ADD CONSTRAINT fk_documents_user_id_users FOREIGN KEY (user_id)
                    REFERENCES public.users(id) NOT VALID
            """
        )
        _run(
            """
            ALTER TABLE public.generation_history
                ADD CONSTRAINT fk_generation_history_job_id_jobs FOREIGN KEY (job_id)
                    REFERENCES public.jobs(id) NOT VALID,
                ADD CONSTRAINT fk_generation_history_user_id_users FOREIGN KEY (user_id)
                    REFERENCES public.users(id) NOT VALID
            """
        )
        _run(
            """
            ALTER TABLE public.jobs
                ADD CONSTRAINT fk_jobs_document_id_documents FOREIGN KEY (document_id)
                    REFERENCES public.documents(id) NOT VALID
            """
        )
        _run(
            """
            ALTER TABLE public.messages
                ADD CONSTRAINT fk_messages_conversation_id_conversations FOREIGN KEY (conversation_id)
                    REFERENCES public.conversations(id) NOT VALID
            """
        )
        _run(
            """
            ALTER TABLE public.notebooks
                ADD CONSTRAINT fk_notebooks_owner_id_users FOREIGN KEY (owner_id)
                    REFERENCES public.users(id) NOT VALID
            """
        )
        _run(
            """
            ALTER TABLE public.otps
                ADD CONSTRAINT fk_otps_user_id_users FOREIGN KEY (user_id)
                    REFERENCES public.users(id) NOT VALID
            """
        )
        _run(
            """
            ALTER TABLE public.quizzes
                ADD CONSTRAINT fk_quizzes_notebook_id_notebooks FOREIGN KEY (notebook_id)
                    REFERENCES public.notebooks(id) NOT VALID
            """
        )
        _run(
            """
            ALTER TABLE public.refresh_tokens
                ADD CONSTRAINT fk_refresh_tokens_user_id_users FOREIGN KEY (user_id)
                    REFERENCES public.users(id) NOT VALID
            """
        )
        _run(
            """
            ALTER TABLE public.sources
                ADD CONSTRAINT fk_sources_notebook_id_notebooks FOREIGN KEY (notebook_id)
                    REFERENCES public.notebooks(id) NOT VALID
            """
        )
        _run(
            """
            ALTER TABLE public.study_guides
                ADD CONSTRAINT fk_study_guides_notebook_id_notebooks FOREIGN KEY (notebook_id)
                    REFERENCES public.notebooks(id) NOT VALID
            """
        )
        _run(
            """
            ANALYZE
                public.chunks,
                public.conversations,
                public.documents,
                public.generation_history,
                public.jobs,
                public.messages,
                public.notebooks,
                public.otps,
                public.quizzes,
                public.refresh_tokens,
                public.sources,
                public.study_guides,
                public.users
            """
        )
        with op.get_context().autocommit_block():
            _run_long(
                """
                ALTER TABLE public.chunks
                    VALIDATE CONSTRAINT fk_chunks_source_id_sources
                """
            )
            _run_long(
                """
                ALTER TABLE public.conversations
                    VALIDATE CONSTRAINT fk_conversations_notebook_id_notebooks,
                    VALIDATE CONSTRAINT fk_conversations_user_id_users
                """
            )
            _run_long(
                """
                ALTER TABLE public.documents
                    VALIDATE CONSTRAINT fk_documents_user_id_users
                """
            )
            _run_long(
                """
                ALTER TABLE public.generation_history
                    VALIDATE CONSTRAINT fk_generation_history_job_id_jobs,
                    VALIDATE CONSTRAINT fk_generation_history_user_id_users
                """
            )
            _run_long(
                """
                ALTER TABLE public.jobs
                    VALIDATE CONSTRAINT fk_jobs_document_id_documents
                """
            )
            _run_long(
                """
                ALTER TABLE public.messages
                    VALIDATE CONSTRAINT fk_messages_conversation_id_conversations
                """
            )
            _run_long(
                """
                ALTER TABLE public.notebooks
                    VALIDATE CONSTRAINT fk_notebooks_owner_id_users
                """
            )
            _run_long(
                """
                ALTER TABLE public.otps VALIDATE CONSTRAINT fk_otps_user_id_users
                """
            )
            _run_long(
                """
                ALTER TABLE public.quizzes
                    VALIDATE CONSTRAINT fk_quizzes_notebook_id_notebooks
                """
            )
            _run_long(
                """
                ALTER TABLE public.refresh_tokens
                    VALIDATE CONSTRAINT fk_refresh_tokens_user_id_users
                """
            )
            _run_long(
                """
                ALTER TABLE public.sources
                    VALIDATE CONSTRAINT fk_sources_notebook_id_notebooks
                """
            )
            _run_long(
                """
                ALTER TABLE public.study_guides
                    VALIDATE CONSTRAINT fk_study_guides_notebook_id_notebooks
                """
            )
            _run_long(
                """
                VACUUM
                    public.chunks,
                    public.conversations,
                    public.documents,
                    public.generation_history,
                    public.jobs,
                    public.messages,
                    public.notebooks,
                    public.otps,
                    public.quizzes,
                    public.refresh_tokens,
                    public.sources,
                    public.study_guides,
                    public.users
                """
            )
            # Create index ix_chunks_source_id_position on chunks (source_id,
            # "position")
            _create_index(
                "public.ix_chunks_source_id_position",
                """
                CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_chunks_source_id_position
                ON public.chunks (source_id, "position")
                """,
            )
            # Create index ix_messages_conversation_id_created_at on messages
            # (conversation_id, created_at)
            _create_index(
                "public.ix_messages_conversation_id_created_at",
                """
                CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_messages_conversation_id_created_at
                ON public.messages (conversation_id, created_at)
                """,
            )
            # Create index ix_jobs_document_id on jobs (document_id)
            _create_index(
                "public.ix_jobs_document_id",
                """
                CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_jobs_document_id
                ON public.jobs (document_id)
                """,
            )
            # Create index ix_sources_notebook_id on sources (notebook_id)
            _create_index(
                "public.ix_sources_notebook_id",
                """
                CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_sources_notebook_id
                ON public.sources (notebook_id)
                """,
            )
            # Create index ix_jobs_created_at_status_pending on jobs (created_at) where
            # status = 'pending'
            _create_index(
                "public.ix_jobs_created_at_status_pending",
                """
                CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_jobs_created_at_status_pending
                ON public.jobs (created_at)
                WHERE status = 'pending'
                """,
            )
            # Create index ix_conversations_notebook_id_user_id on conversations
            # (notebook_id, user_id)
            _create_index(
                "public.ix_conversations_notebook_id_user_id",
                """
                CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_conversations_notebook_id_user_id
                ON public.conversations (notebook_id, user_id)
                """,
            )
            # Create index ix_refresh_tokens_token_hash on refresh_tokens (token_hash)
            _create_index(
                "public.ix_refresh_tokens_token_hash",
                """
                CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_refresh_tokens_token_hash
                ON public.refresh_tokens (token_hash)
                """,
            )
            # Create index ix_quizzes_notebook_id on quizzes (notebook_id)
            _create_index(
                "public.ix_quizzes_notebook_id",
                """
                CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_quizzes_notebook_id
                ON public.quizzes (notebook_id)
                """,
            )
            # Create index ix_generation_history_user_id_created_at on
            # generation_history (user_id, created_at)
            _create_index(
                "public.ix_generation_history_user_id_created_at",
                """
                CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_generation_history_user_id_created_at
                ON public.generation_history (user_id, created_at)
                """,
            )
            # Create index ix_study_guides_notebook_id on study_guides (notebook_id)
            _create_index(
                "public.ix_study_guides_notebook_id",
                """
                CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_study_guides_notebook_id
                ON public.study_guides (notebook_id)
                """,
            )
            # Create index ix_documents_content_hash on documents (content_hash)
            _create_index(
                "public.ix_documents_content_hash",
                """
                CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_documents_content_hash
                ON public.documents (content_hash)
                """,
            )
            # Create index ix_notebooks_owner_id_created_at on notebooks (owner_id,
            # created_at)
            _create_index(
                "public.ix_notebooks_owner_id_created_at",
                """
                CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_notebooks_owner_id_created_at
                ON public.notebooks (owner_id, created_at)
                """,
            )
            # Create index ix_otps_user_id_purpose_created_at on otps (user_id, purpose,
            # created_at)
            _create_index(
                "public.ix_otps_user_id_purpose_created_at",
                """
                CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_otps_user_id_purpose_created_at
                ON public.otps (user_id, purpose, created_at)
                """,
            )
            # Create index ix_documents_user_id_created_at on documents (user_id,
            # created_at)
            _create_index(
                "public.ix_documents_user_id_created_at",
                """
                CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_documents_user_id_created_at
                ON public.documents (user_id, created_at)
                """,
            )
            # Create index ix_conversations_user_id on conversations (user_id)
            _create_index(
                "public.ix_conversations_user_id",
                """
                CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_conversations_user_id
                ON public.conversations (user_id)
                """,
            )
            # Create index ix_refresh_tokens_user_id on refresh_tokens (user_id)
            _create_index(
                "public.ix_refresh_tokens_user_id",
                """
                CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_refresh_tokens_user_id
                ON public.refresh_tokens (user_id)
                """,
            )
            # Create index ix_generation_history_job_id on generation_history (job_id)
            _create_index(
                "public.ix_generation_history_job_id",
                """
                CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_generation_history_job_id
                ON public.generation_history (job_id)
                """,
            )
            # Create index ix_users_email on users (email)
            _create_index(
                "public.ix_users_email",
                """
                CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_users_email
                ON public.users (email)
                """,
            )


def downgrade() -> None:
    with _patient_session():
        with op.get_context().autocommit_block():
            # Create index ix_users_email on users (email)
            _run_long("DROP INDEX CONCURRENTLY IF EXISTS public.ix_users_email")
            # Create index ix_generation_history_job_id on generation_history (job_id)
            _run_long(
                """
                DROP INDEX CONCURRENTLY IF EXISTS public.ix_generation_history_job_id
                """
            )
            # Create index ix_refresh_tokens_user_id on refresh_tokens (user_id)
            _run_long(
                """
                DROP INDEX CONCURRENTLY IF EXISTS public.ix_refresh_tokens_user_id
                """
            )
            # Create index ix_conversations_user_id on conversations (user_id)
            _run_long(
                """
                DROP INDEX CONCURRENTLY IF EXISTS public.ix_conversations_user_id
                """
            )
            # Create index ix_documents_user_id_created_at on documents (user_id,
            # created_at)
            _run_long(
                """
                DROP INDEX CONCURRENTLY IF EXISTS public.ix_documents_user_id_created_at
                """
            )
            # Create index ix_otps_user_id_purpose_created_at on otps (user_id, purpose,
            # created_at)
            _run_long(
                """
                DROP INDEX CONCURRENTLY IF EXISTS public.ix_otps_user_id_purpose_created_at
                """
            )
            # Create index ix_notebooks_owner_id_created_at on notebooks (owner_id,
            # created_at)
            _run_long(
                """
                DROP INDEX CONCURRENTLY IF EXISTS public.ix_notebooks_owner_id_created_at
                """
            )
            # Create index ix_documents_content_hash on documents (content_hash)
            _run_long(
                """
                DROP INDEX CONCURRENTLY IF EXISTS public.ix_documents_content_hash
                """
            )
            # Create index ix_study_guides_notebook_id on study_guides (notebook_id)
            _run_long(
                """
                DROP INDEX CONCURRENTLY IF EXISTS public.ix_study_guides_notebook_id
                """
            )
            # Create index ix_generation_history_user_id_created_at on
            # generation_history (user_id, created_at)
            _run_long(
                """
                DROP INDEX CONCURRENTLY IF EXISTS public.ix_generation_history_user_id_created_at
                """
            )
            # Create index ix_quizzes_notebook_id on quizzes (notebook_id)
            _run_long("DROP INDEX CONCURRENTLY IF EXISTS public.ix_quizzes_notebook_id")
            # Create index ix_refresh_tokens_token_hash on refresh_tokens (token_hash)
            _run_long(
                """
                DROP INDEX CONCURRENTLY IF EXISTS public.ix_refresh_tokens_token_hash
                """
            )
            # Create index ix_conversations_notebook_id_user_id on conversations
            # (notebook_id, user_id)
            _run_long(
                """
                DROP INDEX CONCURRENTLY IF EXISTS public.ix_conversations_notebook_id_user_id
                """
            )
            # Create index ix_jobs_created_at_status_pending on jobs (created_at) where
            # status = 'pending'
            _run_long(
                """
                DROP INDEX CONCURRENTLY IF EXISTS public.ix_jobs_created_at_status_pending
                """
            )
            # Create index ix_sources_notebook_id on sources (notebook_id)
            _run_long("DROP INDEX CONCURRENTLY IF EXISTS public.ix_sources_notebook_id")
            # Create index ix_jobs_document_id on jobs (document_id)
            _run_long("DROP INDEX CONCURRENTLY IF EXISTS public.ix_jobs_document_id")
            # Create index ix_messages_conversation_id_created_at on messages
            # (conversation_id, created_at)
            _run_long(
                """
                DROP INDEX CONCURRENTLY IF EXISTS public.ix_messages_conversation_id_created_at
                """
            )
            # Create index ix_chunks_source_id_position on chunks (source_id,
            # "position")
            _run_long(
                """
                DROP INDEX CONCURRENTLY IF EXISTS public.ix_chunks_source_id_position
                """
            )
        # Convert 27 columns of 13 tables to uuid
        _run(
            """
            LOCK TABLE
                public.chunks,
                public.conversations,
                public.documents,
                public.generation_history,
                public.jobs,
                public.messages,
                public.notebooks,
                public.otps,
                public.quizzes,
                public.refresh_tokens,
                public.sources,
                public.study_guides,
                public.users
            IN ACCESS EXCLUSIVE MODE
            """
        )
        _run(
            """
            ALTER TABLE public.chunks
                DROP CONSTRAINT IF EXISTS fk_chunks_source_id_sources
            """
        )
        _run(
            """
            ALTER TABLE public.conversations
                DROP CONSTRAINT IF EXISTS fk_conversations_notebook_id_notebooks,
                DROP CONSTRAINT IF EXISTS fk_conversations_user_id_users
            """
        )
        _run(
            """
            ALTER TABLE public.documents
                DROP CONSTRAINT IF EXISTS fk_documents_user_id_users
            """
        )
        _run(
            """
            ALTER TABLE public.generation_history
                DROP CONSTRAINT IF EXISTS fk_generation_history_job_id_jobs,
                DROP CONSTRAINT IF EXISTS fk_generation_history_user_id_users
            """
        )
        _run(
            """
            ALTER TABLE public.jobs
                DROP CONSTRAINT IF EXISTS fk_jobs_document_id_documents
            """
        )
        _run(
            """
            ALTER TABLE public.messages
                DROP CONSTRAINT IF EXISTS fk_messages_conversation_id_conversations
            """
        )
        _run(
            """
            ALTER TABLE public.notebooks
                DROP CONSTRAINT IF EXISTS fk_notebooks_owner_id_users
            """
        )
        _run(
            """
            ALTER TABLE public.otps
                DROP CONSTRAINT IF EXISTS fk_otps_user_id_users
            """
        )
        _run(
            """
            ALTER TABLE public.quizzes
                DROP CONSTRAINT IF EXISTS fk_quizzes_notebook_id_notebooks
            """
        )
        _run(
            """
            ALTER TABLE public.refresh_tokens
                DROP CONSTRAINT IF EXISTS fk_refresh_tokens_user_id_users
            """
        )
        _run(
            """
            ALTER TABLE public.sources
                DROP CONSTRAINT IF EXISTS fk_sources_notebook_id_notebooks
            """
        )
        _run(
            """
            ALTER TABLE public.study_guides
                DROP CONSTRAINT IF EXISTS fk_study_guides_notebook_id_notebooks
            """
        )
        _run(
            """
            ALTER TABLE public.chunks
                ALTER COLUMN id TYPE character varying(255) USING id::text,
                ALTER COLUMN source_id TYPE character varying(255) USING source_id::text
            """
        )
        _run(
            """
            ALTER TABLE public.conversations
                ALTER COLUMN id TYPE character varying(255) USING id::text,
                ALTER COLUMN notebook_id TYPE character varying(255) USING notebook_id::text,
                ALTER COLUMN user_id TYPE character varying(255) USING user_id::text
            """
        )
        _run(
            """
            ALTER TABLE public.documents
                ALTER COLUMN id TYPE character varying(255) USING id::text,
                ALTER COLUMN user_id TYPE character varying(255) USING user_id::text
            """
        )
        _run(
            """
            ALTER TABLE public.generation_history
                ALTER COLUMN id TYPE character varying(255) USING id::text,
                ALTER COLUMN job_id TYPE character varying(255) USING replace(job_id::text, '-', ''),
                ALTER COLUMN user_id TYPE character varying(255) USING user_id::text
            """
        )
        _run(
            """
            ALTER TABLE public.jobs
                ALTER COLUMN document_id TYPE character varying(255) USING document_id::text,
                ALTER COLUMN id TYPE character varying(255) USING replace(id::text, '-', '')
            """
        )
        _run(
            """
            ALTER TABLE public.messages
                ALTER COLUMN conversation_id TYPE character varying(255) USING conversation_id::text,
                ALTER COLUMN id TYPE character varying(255) USING id::text
            """
        )
        _run(
            """
            ALTER TABLE public.notebooks
                ALTER COLUMN id TYPE character varying(255) USING id::text,
                ALTER COLUMN owner_id TYPE character varying(255) USING owner_id::text
            """
        )
        _run(
            """
            ALTER TABLE public.otps
                ALTER COLUMN id TYPE character varying(255) USING id::text,
                ALTER COLUMN user_id TYPE character varying(255) USING user_id::text
            """
        )
        _run(
            """
            ALTER TABLE public.quizzes
                ALTER COLUMN id TYPE character varying(255) USING id::text,
                ALTER COLUMN notebook_id TYPE character varying(255) USING notebook_id::text
            """
        )
        _run(
            """
            ALTER TABLE public.refresh_tokens
                ALTER COLUMN id TYPE character varying(255) USING id::text,
                ALTER COLUMN user_id TYPE character varying(255) USING user_id::text
            """
        )
        _run(
            """
            ALTER TABLE public.sources
                ALTER COLUMN id TYPE character varying(255) USING id::text,
                ALTER COLUMN notebook_id TYPE character varying(255) USING notebook_id::text
            """
        )
        _run(
            """
            ALTER TABLE public.study_guides
                ALTER COLUMN id TYPE character varying(255) USING id::text,
                ALTER COLUMN notebook_id TYPE character varying(255) USING notebook_id::text
            """
        )
        _run(
            """
            ALTER TABLE public.users
                ALTER COLUMN id TYPE character varying(255) USING id::text
            """
        )
        _run(
            """
            ALTER TABLE public.chunks
                ADD CONSTRAINT fk_chunks_source_id_sources FOREIGN KEY (source_id)
                    REFERENCES public.sources(id) NOT VALID
            """
        )
        _run(
            """
            ALTER TABLE public.conversations
                ADD CONSTRAINT fk_conversations_notebook_id_notebooks FOREIGN KEY (notebook_id)
                    REFERENCES public.notebooks(id) NOT VALID,
                ADD CONSTRAINT fk_conversations_user_id_users FOREIGN KEY (user_id)
                    REFERENCES public.users(id) NOT VALID
            """
        )
        _run(
            """
            ALTER TABLE public.documents
                ADD CONSTRAINT fk_documents_user_id_users FOREIGN KEY (user_id)
                    REFERENCES public.users(id) NOT VALID
            """
        )
        _run(
            """
            ALTER TABLE public.generation_history
                ADD CONSTRAINT fk_generation_history_job_id_jobs FOREIGN KEY (job_id)
                    REFERENCES public.jobs(id) NOT VALID,
                ADD CONSTRAINT fk_generation_history_user_id_users FOREIGN KEY (user_id)
                    REFERENCES public.users(id) NOT VALID
            """
        )
        _run(
            """
            ALTER TABLE public.jobs
                ADD CONSTRAINT fk_jobs_document_id_documents FOREIGN KEY (document_id)
                    REFERENCES public.documents(id) NOT VALID
            """
        )
        _run(
            """
            ALTER TABLE public.messages
                ADD CONSTRAINT fk_messages_conversation_id_conversations FOREIGN KEY (conversation_id)
                    REFERENCES public.conversations(id) NOT VALID
            """
        )
        _run(
            """
            ALTER TABLE public.notebooks
                ADD CONSTRAINT fk_notebooks_owner_id_users FOREIGN KEY (owner_id)
                    REFERENCES public.users(id) NOT VALID
            """
        )
        _run(
            """
            ALTER TABLE public.otps
                ADD CONSTRAINT fk_otps_user_id_users FOREIGN KEY (user_id)
                    REFERENCES public.users(id) NOT VALID
            """
        )
        _run(
            """
            ALTER TABLE public.quizzes
                ADD CONSTRAINT fk_quizzes_notebook_id_notebooks FOREIGN KEY (notebook_id)
                    REFERENCES public.notebooks(id) NOT VALID
            """
        )
        _run(
            """
            ALTER TABLE public.refresh_tokens
                ADD CONSTRAINT fk_refresh_tokens_user_id_users FOREIGN KEY (user_id)
                    REFERENCES public.users(id) NOT VALID
            """
        )
        _run(
            """
            ALTER TABLE public.sources
                ADD CONSTRAINT fk_sources_notebook_id_notebooks FOREIGN KEY (notebook_id)
                    REFERENCES public.notebooks(id) NOT VALID
            """
        )
        _run(
            """
            ALTER TABLE public.study_guides
                ADD CONSTRAINT fk_study_guides_notebook_id_notebooks FOREIGN KEY (notebook_id)
                    REFERENCES public.notebooks(id) NOT VALID
            """
        )
        _run(
            """
            ANALYZE
                public.chunks,
                public.conversations,
                public.documents,
                public.generation_history,
                public.jobs,
                public.messages,
                public.notebooks,
                public.otps,
                public.quizzes,
                public.refresh_tokens,
                public.sources,
                public.study_guides,
                public.users
            """
        )
        with op.get_context().autocommit_block():
            _run_long(
                """
                ALTER TABLE public.chunks
                    VALIDATE CONSTRAINT fk_chunks_source_id_sources
                """
            )
            _run_long(
                """
                ALTER TABLE public.conversations
                    VALIDATE CONSTRAINT fk_conversations_notebook_id_notebooks,
                    VALIDATE CONSTRAINT fk_conversations_user_id_users
                """
            )
            _run_long(
                """
                ALTER TABLE public.documents
                    VALIDATE CONSTRAINT fk_documents_user_id_users
                """
            )
            _run_long(
                """
                ALTER TABLE public.generation_history
                    VALIDATE CONSTRAINT fk_generation_history_job_id_jobs,
                    VALIDATE CONSTRAINT fk_generation_history_user_id_users
                """
            )
            _run_long(
                """
                ALTER TABLE public.jobs
                    VALIDATE CONSTRAINT fk_jobs_document_id_documents
                """
            )
            _run_long(
                """
                ALTER TABLE public.messages
                    VALIDATE CONSTRAINT fk_messages_conversation_id_conversations
                """
            )
            _run_long(
                """
                ALTER TABLE public.notebooks
                    VALIDATE CONSTRAINT fk_notebooks_owner_id_users
                """
            )
            _run_long(
                """
                ALTER TABLE public.otps VALIDATE CONSTRAINT fk_otps_user_id_users
                """
            )
            _run_long(
                """
                ALTER TABLE public.quizzes
                    VALIDATE CONSTRAINT fk_quizzes_notebook_id_notebooks
                """
            )
            _run_long(
                """
                ALTER TABLE public.refresh_tokens
                    VALIDATE CONSTRAINT fk_refresh_tokens_user_id_users
                """
            )
            _run_long(
                """
                ALTER TABLE public.sources
                    VALIDATE CONSTRAINT fk_sources_notebook_id_notebooks
                """
            )
            _run_long(
                """
                ALTER TABLE public.study_guides
                    VALIDATE CONSTRAINT fk_study_guides_notebook_id_notebooks
                """
            )
            _run_long(
                """
                VACUUM
                    public.chunks,
                    public.conversations,
                    public.documents,
                    public.generation_history,
                    public.jobs,
                    public.messages,
                    public.notebooks,
                    public.otps,
                    public.quizzes,
                    public.refresh_tokens,
                    public.sources,
                    public.study_guides,
                    public.users
                """
            )


@contextmanager
def _patient_session() -> Iterator[None]:
    """Let long steps run to their end; give the session its own timeouts back after.

    It needs a session of its own: no pooler in transaction mode.
    """
    if getattr(op.get_context(), "_in_external_transaction", False):
        raise CommandError(
            "env.py began a transaction before context.begin_transaction(), and CREATE "
            "INDEX CONCURRENTLY runs in none: let it use connect(), not begin(), and "
            "commit what it executes before, which begins a transaction as well"
        )
    timeouts = """
        FROM pg_settings WHERE name IN ('lock_timeout', 'statement_timeout',
            'transaction_timeout', 'idle_in_transaction_session_timeout')
    """
    own = "'pgwright.' || name"
    _execute(f"SELECT set_config({own}, current_setting(name), false) {timeouts}")
    _execute(f"SELECT set_config(name, '0', false) {timeouts}")
    yield
    _execute(f"SELECT set_config(name, current_setting({own}), false) {timeouts}")


def _execute(statement: str) -> None:
    """Send one statement as it stands; in offline mode print it."""
    context, sql = op.get_context(), dedent(statement).strip()
    if context.as_sql:
        context.impl.static_output(f"{sql};")
    else:
        options = {"no_parameters": True}  # a percent sign is a percent sign
        op.get_bind().exec_driver_sql(sql, execution_options=options)


def _run(statement: str, wait: str = LOCK_WAIT, tries: int = TRIES) -> None:
    """Run one statement; try again when a lock does not come in time."""
    _execute(f"SET lock_timeout = '{wait}'")
    if op.get_context().as_sql:
        _execute(statement)
        return
    connection = op.get_bind()
    level = connection.get_execution_options().get("isolation_level")
    for attempt in range(1, tries + 1):
        try:
            with nullcontext() if level == "AUTOCOMMIT" else connection.begin_nested():
                _execute(statement)
            return
        except sa.exc.DBAPIError as error:
            codes = [getattr(error.orig, name, None) for name in ("sqlstate", "pgcode")]
            if not {"55P03", "40P01"}.intersection(codes):  # no lock, deadlock
                raise
            if attempt == tries:
                raise CommandError(
                    f"no lock in {tries} tries of {wait} for: {dedent(statement).strip()}\n"
                    f"Who may hold it, longest first: {_oldest_transactions()}\n"
                    "Run this again when they are through; what is done is not done twice."
                ) from error
        _execute(f"SELECT pg_sleep({random.uniform(0.1, 2):.2f})")


def _run_long(statement: str) -> None:
    """Run a statement that may wait long, for nobody queues behind it."""
    _run(statement, wait=LONG_WAIT, tries=1)


def _create_index(index: str, statement: str) -> None:
    """Build an index concurrently; what an interrupted build left goes first."""
    _drop_invalid(index)
    try:
        _run_long(statement)
    except Exception:
        # Whoever stopped the build may stop this too; then the next run does it.
        with suppress(sa.exc.DBAPIError, CommandError):
            _drop_invalid(index, tries=1)
        raise


def _drop_invalid(index: str, tries: int = TRIES) -> None:
    """Drop the index if it is invalid: IF NOT EXISTS would keep it, useless as it is."""
    found = "FROM pg_index WHERE NOT indisvalid AND indexrelid = to_regclass"
    if op.get_context().as_sql:
        literal = "'" + index.replace("'", "''") + "'"
        condition = f"EXISTS (SELECT {found}({literal}))"
        drop = f"IF {condition} THEN DROP INDEX {index}; END IF;"
        _execute(f"DO $drop_invalid$ BEGIN {drop} END $drop_invalid$")
    elif op.get_bind().scalar(sa.text(f"SELECT 1 {found}(:index)"), {"index": index}):
        _run(f"DROP INDEX CONCURRENTLY IF EXISTS {index}", tries=tries)


def _oldest_transactions() -> str:
    """Name the sessions that may hold the lock."""
    query = """
        SELECT format('pid %s (%s, %s, for %s): %s', pid, usename, state,
            date_trunc('second', clock_timestamp() - xact_start), left(query, 60))
        FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()
            AND xact_start IS NOT NULL
        ORDER BY xact_start LIMIT 3
    """
    options = {"no_parameters": True}
    rows = op.get_bind().exec_driver_sql(query, execution_options=options)
    return "; ".join(row[0] for row in rows) or "they have ended"
