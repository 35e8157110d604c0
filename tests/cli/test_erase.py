"""`pgwright erase` by the command line: counts, stops, reports, the list, exit codes, Ctrl-C."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path

import psycopg
import pytest

from runtime.tests.support.erasure_shop import SECRET, make_shop
from tests.cli.conftest import Run
from tests.support.commands import INTERRUPTIBLE
from tests.support.database import Database

DECLARATION = """
from runtime.tests.support.erasure_shop import make_erasure
from pgwright_runtime.erasure import Erasure
ERASURE = make_erasure()
BARE = make_erasure(rules=[], links=[])
SOMETHING = 7
"""
HASH = 64


@pytest.fixture
def given(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Database:
    make_shop(database)
    monkeypatch.setenv("DATABASE_URL", database.url())
    monkeypatch.setenv("PGWRIGHT_ERASURE_SECRET", SECRET)
    name = f"declared_{database.name}"
    (tmp_path / f"{name}.py").write_text(DECLARATION)
    (tmp_path / "pyproject.toml").write_text(f'[tool.pgwright]\nerasure = "{name}:ERASURE"\n')
    return database


def users(database: Database) -> int:
    [(number,)] = database.rows("SELECT count(*) FROM users")
    return int(str(number))


def test_a_dry_run_counts_and_erases_nothing(run: Run, given: Database) -> None:
    result = run("erase", "3", "--dry-run")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "public.notes" in result.stdout
    assert "Would change 47 rows in 9 tables" in result.stdout
    assert users(given) == 20


def test_one_command_erases_and_signs_a_report(run: Run, given: Database, tmp_path: Path) -> None:
    result = run(
        "erase", f"declared_{given.name}:ERASURE", "3", "--yes", "--report", "r.json", "--list", "erased.jsonl"
    )
    assert result.exit_code == 0, result.output
    assert "Erased: changed 47 rows in 9 tables" in result.stdout
    assert "user3" not in result.output + (tmp_path / "r.json").read_text() + (tmp_path / "erased.jsonl").read_text()
    assert users(given) == 19
    verified = run("erase", "--verify", "r.json")
    assert (verified.exit_code, verified.stdout[:34]) == (0, "The report holds: erased, 47 rows,")
    (tmp_path / "r.json").write_text((tmp_path / "r.json").read_text().replace('"deleted": 10', '"deleted": 9'))
    assert run("erase", "--verify", "r.json").exit_code == 1
    assert run("erase", "3", "--yes", "--list", "erased.jsonl").stdout.endswith(
        "Already erased: nothing of theirs was left.\n"
    )


def test_json_has_the_counts(run: Run, given: Database) -> None:
    told = json.loads(run("erase", "3", "--dry-run", "--format", "json").stdout)
    assert (told["kind"], told["format"], told["status"], told["rows"], told["persons"]) == (
        "erasure",
        1,
        "would erase",
        47,
        1,
    )
    assert len(told["person"]) == HASH
    assert told["tables"][-1] == {
        "table": "public.users", "deleted": 1, "anonymised": 0, "unlinked": 2, "kept": 0, "reasons": []
    }  # fmt: skip


def test_what_stands_in_the_way_is_exit_1_with_the_lines_that_answer(run: Run, given: Database) -> None:
    for arguments in (("3", "--yes"), ("--examine",)):
        result = run("erase", f"declared_{given.name}:BARE", *arguments)
        assert result.exit_code == 1, result.output
        assert "Keep('public.audit_log', reason=\"…\")" in result.stdout
        assert "Nothing was erased:" in result.stdout
    assert users(given) == 20


def test_an_examination_finds_nothing_in_the_way(run: Run, given: Database) -> None:
    result = run("erase", "--examine")
    assert (result.exit_code, result.stdout.splitlines()[-1]) == (0, "Nothing stands in the way of an erasure.")


def test_nobody_by_that_key_is_exit_1(run: Run, given: Database) -> None:
    assert run("erase", "4711", "--yes").exit_code == 1


def test_a_replay_erases_whom_a_restore_brought_back(run: Run, given: Database) -> None:
    run("erase", "3", "--yes", "--list", "erased.jsonl")
    given.execute("INSERT INTO users VALUES (3, 'user3@shop.test', false, NULL)")
    result = run("erase", "--replay", "--yes", "--list", "erased.jsonl")
    assert (result.exit_code, users(given)) == (0, 19)
    assert "of 1 person in" in result.stdout
    assert run("erase", "--replay", "--yes", "--list", "erased.jsonl").stdout.endswith("Nobody of the list is here.\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "give the key of the person"),
        (("3",), "nobody is there to ask: give --yes"),
        (("3", "--dry-run", "--examine"), "exclude one another"),
        (("3", "--examine"), "--examine takes no key"),
        (("3", "4", "--dry-run"), "2 values were given"),
        (("abc", "--dry-run"), "invalid input syntax for type bigint"),
        (("NAME:SOMETHING", "3", "--dry-run"), "it is int, no pgwright_runtime.erasure.Erasure"),
        (("NAME:NONE", "3", "--dry-run"), "has no attribute 'NONE'"),
        (("3", "--dry-run", "--dsn", "postgresql://127.0.0.1:1/x"), "cannot connect to"),
        (("--verify", "no.json"), "cannot read 'no.json'"),
        (("3", "--yes", "--secret-file", "no.txt"), "cannot read the secret"),
    ],
)
def test_what_cannot_run_is_exit_2_and_says_why(
    run: Run, given: Database, arguments: tuple[str, ...], said: str
) -> None:
    result = run("erase", *(one.replace("NAME", f"declared_{given.name}") for one in arguments))
    assert result.exit_code == 2, result.output
    assert said in " ".join(result.stderr.split())


def test_without_a_declaration_it_says_where_to_name_it(run: Run, given: Database, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").unlink()
    assert 'erasure = "app.erasure:ERASURE"' in run("erase", "3", "--dry-run").stderr


def test_without_a_secret_it_says_how_to_make_one(run: Run, given: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PGWRIGHT_ERASURE_SECRET")
    assert "secrets.token_urlsafe(32)" in run("erase", "3", "--yes").stderr
    Path("secret.txt").write_text(SECRET + "\n")
    assert run("erase", "3", "--yes", "--secret-file", "secret.txt").exit_code == 0


def test_ctrl_c_rolls_it_back(given: Database, tmp_path: Path) -> None:
    with psycopg.connect(given.dsn) as holder:
        holder.execute("SELECT FROM notes WHERE user_id = 3 FOR UPDATE")
        path = os.pathsep.join((str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")))
        process = subprocess.Popen(
            [*INTERRUPTIBLE, "erase", "3", "--yes"],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": path},
        )
        with psycopg.connect(given.dsn, autocommit=True) as watcher:
            waiting = (
                b"SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
            )
            while watcher.execute(waiting).fetchone() != (1,):
                assert process.poll() is None
                watcher.execute("SELECT pg_sleep(0.01)")
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=30)
    assert (process.returncode, "interrupted" in stderr) == (130, True)
    assert users(given) == 20
