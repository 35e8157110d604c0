"""keep keys as uuid

Written by pgwright for the database 'notebook' as it was on 2026-11-30T15:36:26+00:00.

  1. Convert 25 columns of 13 tables to uuid
     answers text-uuid-key:chunks (id), text-uuid-key:conversations (id),
     text-uuid-key:documents (id) and 9 more
     ACCESS SHARE, then ACCESS EXCLUSIVE, then SHARE UPDATE EXCLUSIVE on chunks,
     conversations, documents, generation_history, jobs, messages, notebooks, otps,
     quizzes, refresh_tokens, sources, study_guides, users; about 24 s

ACCESS EXCLUSIVE: blocks reads and writes; for a moment where the step is not named as
unsafe below.
Times are estimated from table sizes: index builds as on an idle server with the table
in memory, rewrites at 25 MB/s; a slow disk takes several times as long, and waiting for
locks comes on top.

UNSAFE ON A BUSY TABLE:

  - Nobody reads or writes chunks, conversations, documents, generation_history, jobs,
    messages, notebooks, otps, quizzes, refresh_tokens, sources, study_guides, users
    while they are rewritten: about 24 s, estimated. It needs about 603 MB of free disk
    meanwhile. On a busy database run it in a maintenance window, and measure it on a
    copy first. Capital letters in the old texts come back small in the downgrade.

Deploy:

  - Deploy it together with the models: code that binds the old type to these columns
    fails afterwards.

Left for later, as pgwright fix tells: 18 findings.
Not examined, so without findings (how to, by pgwright check): pool-over-budget,
n-plus-one, repeated-statement, unused-eager-load.
Left to you: n-plus-one-suspect:jobs (document_id), n-plus-one-suspect:sources
(notebook_id), n-plus-one-suspect:conversations (notebook_id) and 13 more.

Revision ID: 0003
Revises: 0002
Create Date: 2026-11-30 15:37:29.340333+00:00
"""

from __future__ import annotations

from alembic import op

from pgwright_runtime.migrations import patient_session, run, run_long

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with patient_session():
        # Convert 25 columns of 13 tables to uuid
        run(
            """
            DO $block$
            DECLARE
                place record;
                bad bigint;
                example text;
            BEGIN
                FOR place IN
                    SELECT * FROM (VALUES
                        ('public.chunks', 'id', '^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$'),
                        ('public.chunks', 'source_id', '^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$'),
                        ('public.conversations', 'id', '^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$'),
                        ('public.conversations', 'notebook_id', '^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$'),
                        ('public.conversations', 'user_id', '^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$'),
                        ('public.documents', 'id', '^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$'),
                        ('public.documents', 'user_id', '^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$'),
                        ('public.generation_history', 'id', '^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$'),
                        ('public.generation_history', 'user_id', '^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$'),
                        ('public.jobs', 'document_id', '^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$'),
                        ('public.messages', 'conversation_id', '^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$'),
                        ('public.messages', 'id', '^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$'),
                        ('public.notebooks', 'id', '^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$'),
                        ('public.notebooks', 'owner_id', '^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$'),
                        ('public.otps', 'id', '^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$'),
                        ('public.otps', 'user_id', '^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$'),
                        ('public.quizzes', 'id', '^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$'),
                        ('public.quizzes', 'notebook_id', '^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$'),
                        ('public.refresh_tokens', 'id', '^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$'),
                        ('public.refresh_tokens', 'user_id', '^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$'),
                        ('public.sources', 'id', '^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$'),
                        ('public.sources', 'notebook_id', '^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$'),
                        ('public.study_guides', 'id', '^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$'),
                        ('public.study_guides', 'notebook_id', '^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$'),
                        ('public.users', 'id', '^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$')
                    ) AS places (table_name, column_name, pattern)
                LOOP
                    EXECUTE format(
                        'SELECT count(*), min(%2$s::text) FROM %1$s '
                        'WHERE %2$s::text !~* %3$L',
                        place.table_name,
                        place.column_name,
                        place.pattern
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
        run(
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
        run(
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
        run(
            """
            ALTER TABLE public.chunks
                DROP CONSTRAINT IF EXISTS fk_chunks_source_id_sources
            """
        )
        run(
            """
            ALTER TABLE public.conversations
                DROP CONSTRAINT IF EXISTS fk_conversations_notebook_id_notebooks,
                DROP CONSTRAINT IF EXISTS fk_conversations_user_id_users
            """
        )
        run(
            """
            ALTER TABLE public.documents
                DROP CONSTRAINT IF EXISTS fk_documents_user_id_users
            """
        )
        run(
            """
            ALTER TABLE public.generation_history
                DROP CONSTRAINT IF EXISTS fk_generation_history_user_id_users
            """
        )
        run(
            """
            ALTER TABLE public.jobs
                DROP CONSTRAINT IF EXISTS fk_jobs_document_id_documents
            """
        )
        run(
            """
            ALTER TABLE public.messages
                DROP CONSTRAINT IF EXISTS fk_messages_conversation_id_conversations
            """
        )
        run(
            """
            ALTER TABLE public.notebooks
                DROP CONSTRAINT IF EXISTS fk_notebooks_owner_id_users
            """
        )
        run(
            """
            ALTER TABLE public.otps
                DROP CONSTRAINT IF EXISTS fk_otps_user_id_users
            """
        )
        run(
            """
            ALTER TABLE public.quizzes
                DROP CONSTRAINT IF EXISTS fk_quizzes_notebook_id_notebooks
            """
        )
        run(
            """
            ALTER TABLE public.refresh_tokens
                DROP CONSTRAINT IF EXISTS fk_refresh_tokens_user_id_users
            """
        )
        run(
            """
            ALTER TABLE public.sources
                DROP CONSTRAINT IF EXISTS fk_sources_notebook_id_notebooks
            """
        )
        run(
            """
            ALTER TABLE public.study_guides
                DROP CONSTRAINT IF EXISTS fk_study_guides_notebook_id_notebooks
            """
        )
        run(
            """
            ALTER TABLE public.chunks
                ALTER COLUMN id TYPE uuid USING id::uuid,
                ALTER COLUMN source_id TYPE uuid USING source_id::uuid
            """
        )
        run(
            """
            ALTER TABLE public.conversations
                ALTER COLUMN id TYPE uuid USING id::uuid,
                ALTER COLUMN notebook_id TYPE uuid USING notebook_id::uuid,
                ALTER COLUMN user_id TYPE uuid USING user_id::uuid
            """
        )
        run(
            """
            ALTER TABLE public.documents
                ALTER COLUMN id TYPE uuid USING id::uuid,
                ALTER COLUMN user_id TYPE uuid USING user_id::uuid
            """
        )
        run(
            """
            ALTER TABLE public.generation_history
                ALTER COLUMN id TYPE uuid USING id::uuid,
                ALTER COLUMN user_id TYPE uuid USING user_id::uuid
            """
        )
        run(
            """
            ALTER TABLE public.jobs
                ALTER COLUMN document_id TYPE uuid USING document_id::uuid
            """
        )
        run(
            """
            ALTER TABLE public.messages
                ALTER COLUMN conversation_id TYPE uuid USING conversation_id::uuid,
                ALTER COLUMN id TYPE uuid USING id::uuid
            """
        )
        run(
            """
            ALTER TABLE public.notebooks
                ALTER COLUMN id TYPE uuid USING id::uuid,
                ALTER COLUMN owner_id TYPE uuid USING owner_id::uuid
            """
        )
        run(
            """
            ALTER TABLE public.otps
                ALTER COLUMN id TYPE uuid USING id::uuid,
                ALTER COLUMN user_id TYPE uuid USING user_id::uuid
            """
        )
        run(
            """
            ALTER TABLE public.quizzes
                ALTER COLUMN id TYPE uuid USING id::uuid,
                ALTER COLUMN notebook_id TYPE uuid USING notebook_id::uuid
            """
        )
        run(
            """
            ALTER TABLE public.refresh_tokens
                ALTER COLUMN id TYPE uuid USING id::uuid,
                ALTER COLUMN user_id TYPE uuid USING user_id::uuid
            """
        )
        run(
            """
            ALTER TABLE public.sources
                ALTER COLUMN id TYPE uuid USING id::uuid,
                ALTER COLUMN notebook_id TYPE uuid USING notebook_id::uuid
            """
        )
        run(
            """
            ALTER TABLE public.study_guides
                ALTER COLUMN id TYPE uuid USING id::uuid,
                ALTER COLUMN notebook_id TYPE uuid USING notebook_id::uuid
            """
        )
        run("ALTER TABLE public.users ALTER COLUMN id TYPE uuid USING id::uuid")
        run(
            """
            ALTER TABLE public.chunks
                ADD CONSTRAINT fk_chunks_source_id_sources FOREIGN KEY (source_id)
                    REFERENCES public.sources(id) NOT VALID
            """
        )
        run(
            """
            ALTER TABLE public.conversations
                ADD CONSTRAINT fk_conversations_notebook_id_notebooks FOREIGN KEY (notebook_id)
                    REFERENCES public.notebooks(id) NOT VALID,
                ADD CONSTRAINT fk_conversations_user_id_users FOREIGN KEY (user_id)
                    REFERENCES public.users(id) NOT VALID
            """
        )
        run(
            """
            ALTER TABLE public.documents
                ADD CONSTRAINT fk_documents_user_id_users FOREIGN KEY (user_id)
                    REFERENCES public.users(id) NOT VALID
            """
        )
        run(
            """
            ALTER TABLE public.generation_history
                ADD CONSTRAINT fk_generation_history_user_id_users FOREIGN KEY (user_id)
                    REFERENCES public.users(id) NOT VALID
            """
        )
        run(
            """
            ALTER TABLE public.jobs
                ADD CONSTRAINT fk_jobs_document_id_documents FOREIGN KEY (document_id)
                    REFERENCES public.documents(id) NOT VALID
            """
        )
        run(
            """
            ALTER TABLE public.messages
                ADD CONSTRAINT fk_messages_conversation_id_conversations FOREIGN KEY (conversation_id)
                    REFERENCES public.conversations(id) NOT VALID
            """
        )
        run(
            """
            ALTER TABLE public.notebooks
                ADD CONSTRAINT fk_notebooks_owner_id_users FOREIGN KEY (owner_id)
                    REFERENCES public.users(id) NOT VALID
            """
        )
        run(
            """
            ALTER TABLE public.otps
                ADD CONSTRAINT fk_otps_user_id_users FOREIGN KEY (user_id)
                    REFERENCES public.users(id) NOT VALID
            """
        )
        run(
            """
            ALTER TABLE public.quizzes
                ADD CONSTRAINT fk_quizzes_notebook_id_notebooks FOREIGN KEY (notebook_id)
                    REFERENCES public.notebooks(id) NOT VALID
            """
        )
        run(
            """
            ALTER TABLE public.refresh_tokens
                ADD CONSTRAINT fk_refresh_tokens_user_id_users FOREIGN KEY (user_id)
                    REFERENCES public.users(id) NOT VALID
            """
        )
        run(
            """
            ALTER TABLE public.sources
                ADD CONSTRAINT fk_sources_notebook_id_notebooks FOREIGN KEY (notebook_id)
                    REFERENCES public.notebooks(id) NOT VALID
            """
        )
        run(
            """
            ALTER TABLE public.study_guides
                ADD CONSTRAINT fk_study_guides_notebook_id_notebooks FOREIGN KEY (notebook_id)
                    REFERENCES public.notebooks(id) NOT VALID
            """
        )
        run(
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
            run_long(
                """
                ALTER TABLE public.chunks
                    VALIDATE CONSTRAINT fk_chunks_source_id_sources
                """
            )
            run_long(
                """
                ALTER TABLE public.conversations
                    VALIDATE CONSTRAINT fk_conversations_notebook_id_notebooks,
                    VALIDATE CONSTRAINT fk_conversations_user_id_users
                """
            )
            run_long(
                """
                ALTER TABLE public.documents
                    VALIDATE CONSTRAINT fk_documents_user_id_users
                """
            )
            run_long(
                """
                ALTER TABLE public.generation_history
                    VALIDATE CONSTRAINT fk_generation_history_user_id_users
                """
            )
            run_long(
                """
                ALTER TABLE public.jobs
                    VALIDATE CONSTRAINT fk_jobs_document_id_documents
                """
            )
            run_long(
                """
                ALTER TABLE public.messages
                    VALIDATE CONSTRAINT fk_messages_conversation_id_conversations
                """
            )
            run_long(
                """
                ALTER TABLE public.notebooks
                    VALIDATE CONSTRAINT fk_notebooks_owner_id_users
                """
            )
            run_long(
                "ALTER TABLE public.otps VALIDATE CONSTRAINT fk_otps_user_id_users",
            )
            run_long(
                """
                ALTER TABLE public.quizzes
                    VALIDATE CONSTRAINT fk_quizzes_notebook_id_notebooks
                """
            )
            run_long(
                """
                ALTER TABLE public.refresh_tokens
                    VALIDATE CONSTRAINT fk_refresh_tokens_user_id_users
                """
            )
            run_long(
                """
                ALTER TABLE public.sources
                    VALIDATE CONSTRAINT fk_sources_notebook_id_notebooks
                """
            )
            run_long(
                """
                ALTER TABLE public.study_guides
                    VALIDATE CONSTRAINT fk_study_guides_notebook_id_notebooks
                """
            )
            run_long(
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


def downgrade() -> None:
    with patient_session():
        # Convert 25 columns of 13 tables to uuid
        run(
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
        run(
            """
            ALTER TABLE public.chunks
                DROP CONSTRAINT IF EXISTS fk_chunks_source_id_sources
            """
        )
        run(
            """
            ALTER TABLE public.conversations
                DROP CONSTRAINT IF EXISTS fk_conversations_notebook_id_notebooks,
                DROP CONSTRAINT IF EXISTS fk_conversations_user_id_users
            """
        )
        run(
            """
            ALTER TABLE public.documents
                DROP CONSTRAINT IF EXISTS fk_documents_user_id_users
            """
        )
        run(
            """
            ALTER TABLE public.generation_history
                DROP CONSTRAINT IF EXISTS fk_generation_history_user_id_users
            """
        )
        run(
            """
            ALTER TABLE public.jobs
                DROP CONSTRAINT IF EXISTS fk_jobs_document_id_documents
            """
        )
        run(
            """
            ALTER TABLE public.messages
                DROP CONSTRAINT IF EXISTS fk_messages_conversation_id_conversations
            """
        )
        run(
            """
            ALTER TABLE public.notebooks
                DROP CONSTRAINT IF EXISTS fk_notebooks_owner_id_users
            """
        )
        run(
            """
            ALTER TABLE public.otps
                DROP CONSTRAINT IF EXISTS fk_otps_user_id_users
            """
        )
        run(
            """
            ALTER TABLE public.quizzes
                DROP CONSTRAINT IF EXISTS fk_quizzes_notebook_id_notebooks
            """
        )
        run(
            """
            ALTER TABLE public.refresh_tokens
                DROP CONSTRAINT IF EXISTS fk_refresh_tokens_user_id_users
            """
        )
        run(
            """
            ALTER TABLE public.sources
                DROP CONSTRAINT IF EXISTS fk_sources_notebook_id_notebooks
            """
        )
        run(
            """
            ALTER TABLE public.study_guides
                DROP CONSTRAINT IF EXISTS fk_study_guides_notebook_id_notebooks
            """
        )
        run(
            """
            ALTER TABLE public.chunks
                ALTER COLUMN id TYPE character varying(255) USING id::text,
                ALTER COLUMN source_id TYPE character varying(255) USING source_id::text
            """
        )
        run(
            """
            ALTER TABLE public.conversations
                ALTER COLUMN id TYPE character varying(255) USING id::text,
                ALTER COLUMN notebook_id TYPE character varying(255) USING notebook_id::text,
                ALTER COLUMN user_id TYPE character varying(255) USING user_id::text
            """
        )
        run(
            """
            ALTER TABLE public.documents
                ALTER COLUMN id TYPE character varying(255) USING id::text,
                ALTER COLUMN user_id TYPE character varying(255) USING user_id::text
            """
        )
        run(
            """
            ALTER TABLE public.generation_history
                ALTER COLUMN id TYPE character varying(255) USING id::text,
                ALTER COLUMN user_id TYPE character varying(255) USING user_id::text
            """
        )
        run(
            """
            ALTER TABLE public.jobs
                ALTER COLUMN document_id TYPE character varying(255) USING document_id::text
            """
        )
        run(
            """
            ALTER TABLE public.messages
                ALTER COLUMN conversation_id TYPE character varying(255) USING conversation_id::text,
                ALTER COLUMN id TYPE character varying(255) USING id::text
            """
        )
        run(
            """
            ALTER TABLE public.notebooks
                ALTER COLUMN id TYPE character varying(255) USING id::text,
                ALTER COLUMN owner_id TYPE character varying(255) USING owner_id::text
            """
        )
        run(
            """
            ALTER TABLE public.otps
                ALTER COLUMN id TYPE character varying(255) USING id::text,
                ALTER COLUMN user_id TYPE character varying(255) USING user_id::text
            """
        )
        run(
            """
            ALTER TABLE public.quizzes
                ALTER COLUMN id TYPE character varying(255) USING id::text,
                ALTER COLUMN notebook_id TYPE character varying(255) USING notebook_id::text
            """
        )
        run(
            """
            ALTER TABLE public.refresh_tokens
                ALTER COLUMN id TYPE character varying(255) USING id::text,
                ALTER COLUMN user_id TYPE character varying(255) USING user_id::text
            """
        )
        run(
            """
            ALTER TABLE public.sources
                ALTER COLUMN id TYPE character varying(255) USING id::text,
                ALTER COLUMN notebook_id TYPE character varying(255) USING notebook_id::text
            """
        )
        run(
            """
            ALTER TABLE public.study_guides
                ALTER COLUMN id TYPE character varying(255) USING id::text,
                ALTER COLUMN notebook_id TYPE character varying(255) USING notebook_id::text
            """
        )
        run(
            """
            ALTER TABLE public.users
                ALTER COLUMN id TYPE character varying(255) USING id::text
            """
        )
        run(
            """
            ALTER TABLE public.chunks
                ADD CONSTRAINT fk_chunks_source_id_sources FOREIGN KEY (source_id)
                    REFERENCES public.sources(id) NOT VALID
            """
        )
        run(
            """
            ALTER TABLE public.conversations
                ADD CONSTRAINT fk_conversations_notebook_id_notebooks FOREIGN KEY (notebook_id)
                    REFERENCES public.notebooks(id) NOT VALID,
                ADD CONSTRAINT fk_conversations_user_id_users FOREIGN KEY (user_id)
                    REFERENCES public.users(id) NOT VALID
            """
        )
        run(
            """
            ALTER TABLE public.documents
                ADD CONSTRAINT fk_documents_user_id_users FOREIGN KEY (user_id)
                    REFERENCES public.users(id) NOT VALID
            """
        )
        run(
            """
            ALTER TABLE public.generation_history
                ADD CONSTRAINT fk_generation_history_user_id_users FOREIGN KEY (user_id)
                    REFERENCES public.users(id) NOT VALID
            """
        )
        run(
            """
            ALTER TABLE public.jobs
                ADD CONSTRAINT fk_jobs_document_id_documents FOREIGN KEY (document_id)
                    REFERENCES public.documents(id) NOT VALID
            """
        )
        run(
            """
            ALTER TABLE public.messages
                ADD CONSTRAINT fk_messages_conversation_id_conversations FOREIGN KEY (conversation_id)
                    REFERENCES public.conversations(id) NOT VALID
            """
        )
        run(
            """
            ALTER TABLE public.notebooks
                ADD CONSTRAINT fk_notebooks_owner_id_users FOREIGN KEY (owner_id)
                    REFERENCES public.users(id) NOT VALID
            """
        )
        run(
            """
            ALTER TABLE public.otps
                ADD CONSTRAINT fk_otps_user_id_users FOREIGN KEY (user_id)
                    REFERENCES public.users(id) NOT VALID
            """
        )
        run(
            """
            ALTER TABLE public.quizzes
                ADD CONSTRAINT fk_quizzes_notebook_id_notebooks FOREIGN KEY (notebook_id)
                    REFERENCES public.notebooks(id) NOT VALID
            """
        )
        run(
            """
            ALTER TABLE public.refresh_tokens
                ADD CONSTRAINT fk_refresh_tokens_user_id_users FOREIGN KEY (user_id)
                    REFERENCES public.users(id) NOT VALID
            """
        )
        run(
            """
            ALTER TABLE public.sources
                ADD CONSTRAINT fk_sources_notebook_id_notebooks FOREIGN KEY (notebook_id)
                    REFERENCES public.notebooks(id) NOT VALID
            """
        )
        run(
            """
            ALTER TABLE public.study_guides
                ADD CONSTRAINT fk_study_guides_notebook_id_notebooks FOREIGN KEY (notebook_id)
                    REFERENCES public.notebooks(id) NOT VALID
            """
        )
        run(
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
            run_long(
                """
                ALTER TABLE public.chunks
                    VALIDATE CONSTRAINT fk_chunks_source_id_sources
                """
            )
            run_long(
                """
                ALTER TABLE public.conversations
                    VALIDATE CONSTRAINT fk_conversations_notebook_id_notebooks,
                    VALIDATE CONSTRAINT fk_conversations_user_id_users
                """
            )
            run_long(
                """
                ALTER TABLE public.documents
                    VALIDATE CONSTRAINT fk_documents_user_id_users
                """
            )
            run_long(
                """
                ALTER TABLE public.generation_history
                    VALIDATE CONSTRAINT fk_generation_history_user_id_users
                """
            )
            run_long(
                """
                ALTER TABLE public.jobs
                    VALIDATE CONSTRAINT fk_jobs_document_id_documents
                """
            )
            run_long(
                """
                ALTER TABLE public.messages
                    VALIDATE CONSTRAINT fk_messages_conversation_id_conversations
                """
            )
            run_long(
                """
                ALTER TABLE public.notebooks
                    VALIDATE CONSTRAINT fk_notebooks_owner_id_users
                """
            )
            run_long(
                "ALTER TABLE public.otps VALIDATE CONSTRAINT fk_otps_user_id_users",
            )
            run_long(
                """
                ALTER TABLE public.quizzes
                    VALIDATE CONSTRAINT fk_quizzes_notebook_id_notebooks
                """
            )
            run_long(
                """
                ALTER TABLE public.refresh_tokens
                    VALIDATE CONSTRAINT fk_refresh_tokens_user_id_users
                """
            )
            run_long(
                """
                ALTER TABLE public.sources
                    VALIDATE CONSTRAINT fk_sources_notebook_id_notebooks
                """
            )
            run_long(
                """
                ALTER TABLE public.study_guides
                    VALIDATE CONSTRAINT fk_study_guides_notebook_id_notebooks
                """
            )
            run_long(
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
