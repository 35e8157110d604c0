"""A script is run as psql would run what `fix --sql` writes, and no command of psql besides."""

from __future__ import annotations

from pathlib import Path

import pytest

from pgwright.errors import ProofError
from pgwright.proof.script import run_script
from tests.support.database import Database

_GUARDED = """\ufeff-- ä first line
\\set ON_ERROR_STOP on
SET lock_timeout = '3s';
BEGIN;
CREATE TABLE note (id int, body text DEFAULT '\\! ; "');
CREATE FUNCTION twice(n int) RETURNS int LANGUAGE sql AS $$ SELECT n; SELECT 2 * n; $$;
COMMIT;
CREATE INDEX CONCURRENTLY note_id ON note (id);
SELECT 'DROP INDEX CONCURRENTLY ' || indexrelid::regclass FROM pg_index WHERE indrelid = 'note'::regclass \\gexec
SELECT NULL::text, 'CREATE INDEX note_body ON note (body)' \\gexec
"""


@pytest.fixture
def script(tmp_path: Path) -> Path:
    return tmp_path / "change.sql"


def test_runs_what_fix_writes(database: Database, script: Path) -> None:
    script.write_text(_GUARDED)
    run_script(script, database.dsn)
    assert database.rows("SELECT indexrelid::regclass::text FROM pg_index WHERE indrelid = 'note'::regclass") == [
        ("note_body",)
    ]
    assert database.rows("SELECT twice(4)") == [(8,)]


@pytest.mark.pg(">= 14")
def test_a_semicolon_inside_a_body_ends_no_statement(database: Database, script: Path) -> None:
    script.write_text("CREATE FUNCTION twice(n int) RETURNS int BEGIN ATOMIC SELECT n; SELECT 2 * n; END; SELECT 1")
    run_script(script, database.dsn)
    assert database.rows("SELECT twice(4)") == [(8,)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("SELECT 1;\n\\! touch here\n", r"at line 2: '\\! touch here' is a command of psql, which is not run"),
        (
            "\\set ON_ERROR_STOP on \\! touch here",
            r"at line 1: '\\set ON_ERROR_STOP on \\! touch",
        ),
        ("SELECT 1 \\gexec \\! x", r"is a command of psql"),
        ("\\set x `touch here`", r"is a command of psql"),
        (
            "SELECT 1\n;\n\n-- why\n/* and\nmore */ SELECT * FROM nowhere;",
            r'at line 6: relation "nowhere" does not exist',
        ),
        ("SELECT 1;\n\\set ON_ERROR_STOP on\n\nSELECT * FROM nowhere;", r"at line 4: relation"),
        ("SELECT 'SELECT * FROM nowhere'\n\\gexec", r"at line 1: relation"),
        ("CREATE TABLE a (b int);\nCREATE NONSENSE;\n", r"at line 2: syntax error"),
        ("SELECT 'open", r"unterminated quoted string"),
        ("COPY pg_class FROM stdin;", r"at line 1: "),
    ],
)
def test_says_what_failed_and_where(database: Database, script: Path, text: str, said: str) -> None:
    script.write_text(text)
    with pytest.raises(ProofError, match=r"the script '.*change.sql' failed on the copy.*" + said):
        run_script(script, database.dsn)


def test_nothing_runs_where_a_command_is_not_known(database: Database, script: Path) -> None:
    script.write_text("CREATE TABLE made (a int);\n\\i other.sql\n")
    with pytest.raises(ProofError, match="is a command of psql"):
        run_script(script, database.dsn)
    assert database.rows("SELECT to_regclass('made') IS NULL") == [(True,)]


def test_stops_at_the_first_error(database: Database, script: Path) -> None:
    script.write_text("CREATE TABLE one (a int);\nSELECT 1 / 0;\nCREATE TABLE two (a int);")
    with pytest.raises(ProofError, match="at line 2: division by zero"):
        run_script(script, database.dsn)
    assert database.rows("SELECT to_regclass('one') IS NULL, to_regclass('two') IS NULL") == [(False, True)]


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00", b"SELECT 1;\0 SELECT 2"])
def test_a_file_that_is_no_text_cannot_be_read(database: Database, script: Path, content: bytes | None) -> None:
    if content is not None:
        script.write_bytes(content)
    with pytest.raises(ProofError, match=r"the script '.*' cannot be read"):
        run_script(script, database.dsn)
