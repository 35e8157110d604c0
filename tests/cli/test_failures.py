"""Bad input gives one line on standard error and exit code 2; no password, no traceback."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pgwright.embedded import EmbeddedServer
from pgwright.errors import TwinError
from tests.cli.conftest import Run
from tests.support.commands import INTERRUPTIBLE
from tests.support.database import Database


def test_unknown_host(run: Run) -> None:
    result = run("check", "postgresql://app:s3cret@nowhere.invalid/shop")
    assert result.exit_code == 2
    assert result.stderr.startswith("pgwright: cannot connect to app@nowhere.invalid:5432/shop")
    assert result.stderr.count("\n") == 1
    assert "s3cret" not in result.output


def test_wrong_password_is_never_echoed(run: Run, server: EmbeddedServer, tmp_path: Path) -> None:
    hba = server.data / "pg_hba.conf"
    before = hba.read_text()
    try:
        with server.admin() as connection:
            connection.execute("CREATE ROLE locked LOGIN PASSWORD 'right'")
        hba.write_text(f"local all locked scram-sha-256\n{before}")
        with server.admin() as connection:
            connection.execute("SELECT pg_reload_conf()")
        time.sleep(0.2)
        result = run("check", f"host={server.directory} user=locked password=s3cret dbname=postgres")
    finally:
        hba.write_text(before)
        with server.admin() as connection:
            connection.execute("SELECT pg_reload_conf()")
            connection.execute("DROP ROLE locked")
    assert result.exit_code == 2
    assert "password authentication failed" in result.stderr
    assert "s3cret" not in result.output


@pytest.mark.parametrize("dsn", ["postgresql://app:s3cret@host/x?nonsense=1", "password=s3cret nonsense", "host"])
def test_text_that_is_no_dsn(run: Run, dsn: str) -> None:
    result = run("check", dsn)
    assert result.exit_code == 2
    assert "is no DSN" in result.stderr
    assert "s3cret" not in result.output


def test_no_database_named(run: Run) -> None:
    result = run("check")
    assert result.exit_code == 2
    assert result.stderr.startswith("pgwright: no database was named")


def test_file_that_is_no_snapshot(run: Run, tmp_path: Path) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text('{"format": 1, "tak')
    result = run("check", broken)
    assert result.exit_code == 2
    assert "is not a readable snapshot" in result.stderr


def test_unknown_option_and_unknown_command_exit_with_2(run: Run) -> None:
    assert run("check", "--nonsense").exit_code == 2
    assert run("chek").exit_code == 2


def test_our_own_fault_is_a_message_too(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pgwright.pipeline.take_snapshot", _fail)
    result = run("check", "host=x password=s3cret")
    assert result.exit_code == 2
    assert "pgwright: internal error: ZeroDivisionError" in result.stderr
    assert "s3cret" not in result.output


def test_our_own_fault_over_a_file_names_the_file(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pgwright.pipeline.take_snapshot", _fail)
    (tmp_path / "s.json").write_text("{}")
    for command in (("check", "s.json"), ("plan", "SELECT 1", "s.json"), ("plan", "SELECT 1", "--twin", "s.json")):
        result = run(*command)
        assert result.exit_code == 2
        assert "the snapshot 's.json' is damaged or was edited (ZeroDivisionError: " in result.stderr
        assert "internal error" not in result.stderr


def test_ctrl_c_while_modules_are_imported_is_one_line(tmp_path: Path) -> None:
    # In short naps: a signal that comes just before a nap begins is seen after it.
    slow = "import time\nprint('now', flush=True)\nfor _ in range(6000):\n    time.sleep(0.1)\n"
    (tmp_path / "slow.py").write_text(slow)
    program = (
        "import sys, signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "import importlib.abc\n"
        "class Slow(importlib.abc.MetaPathFinder):\n"
        "    def find_spec(self, name, path, target=None):\n"
        "        if name == 'pgwright.cli.check':\n"
        "            import slow\n"
        "sys.meta_path.insert(0, Slow())\n"
        "from pgwright.__main__ import run\n"
        "sys.argv[1:] = ['check', 'host=x']\n"
        "run()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "now\n"
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said == "\npgwright: interrupted; nothing was left behind\n"


def test_advisor_that_fails_is_told_and_the_checks_go_on(
    run: Run, shop: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: object, **options: object) -> None:
        raise TwinError("the twin could not be built")

    monkeypatch.setattr("pgwright.advisor.advisor.advise", fail)
    result = run("check", shop.dsn)
    assert result.exit_code == 1
    assert "missing-index, no-index-helps: the index advisor failed: the twin could not be built" in result.stdout


def _fail(*arguments: object, **options: object) -> None:
    raise ZeroDivisionError("host=x password=s3cret")


# What only a process of its own can show.


def test_a_process_prints_no_colour_into_a_pipe_and_exits_with_its_code(shop: Database) -> None:
    ran = _pgwright("check", shop.dsn, "--no-advice", env={"NO_COLOR": "1"})
    assert ran.returncode == 1
    assert "\x1b" not in ran.stdout
    assert ran.stderr == ""


def test_colour_can_be_forced_and_no_color_beats_it(shop: Database) -> None:
    assert "\x1b[" in _pgwright("check", shop.dsn, "--no-advice", env={"FORCE_COLOR": "1"}).stdout
    both = _pgwright("check", shop.dsn, "--no-advice", env={"FORCE_COLOR": "1", "NO_COLOR": "1"})
    assert "\x1b" not in both.stdout


def test_an_output_that_knows_no_unicode_is_no_error(shop: Database) -> None:
    ran = _pgwright("check", shop.dsn, "--no-advice", env={"PYTHONIOENCODING": "ascii"})
    assert ran.returncode == 1
    assert ran.stderr == ""


def test_a_reader_that_leaves_early_causes_no_noise(shop: Database, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pgwright", "check", shop.dsn, "--no-advice", "--format", "json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=_env({})) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        noise = process.stderr.read()
    assert noise == b""
    assert process.returncode == 141


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_proof_leaves_nothing_behind(shop: Database, tmp_path: Path, number: int, code: int) -> None:
    script = tmp_path / "fix.sql"
    script.write_text("SELECT pg_sleep(600);\n")
    temporary = Path("/tmp") / f"pgwright-test-{os.getpid()}-{number}"  # short: a Unix socket lies in it
    temporary.mkdir(mode=0o755)
    command = [*INTERRUPTIBLE, "prove", shop.dsn, "--sql", str(script)]
    environment = _env({"TMPDIR": str(temporary)})
    try:
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, text=True
        ) as process:
            _wait_for(lambda: any(temporary.glob("pgwright-*/.s.PGSQL.5432")))
            time.sleep(0.5)
            process.send_signal(number)
            try:
                _, said = process.communicate(timeout=180)
            finally:
                process.kill()  # one that does not end must not keep the tests from ending
        assert process.returncode == code
        assert "Traceback" not in said
        assert ("interrupted; nothing was left behind" in said) == (number == signal.SIGINT)
        assert not list(temporary.glob("pgwright-*/data"))
    finally:
        subprocess.run(["rm", "-rf", str(temporary)], check=True)


# What is interrupted between opening a connection and `with`.
_OPENED = """
import os, signal, sys
import click, psycopg
from pgwright.cli.failures import told

signal.signal(signal.SIGINT, signal.default_int_handler)
with told(click.Context(click.Command("prove"))):
    opened = psycopg.connect(sys.argv[1])
    os.kill(os.getpid(), int(sys.argv[2]))
    signal.pause()
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_connection_is_no_warning(shop: Database, number: int) -> None:
    command = [sys.executable, "-c", _OPENED, shop.dsn, str(int(number))]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, env=_env({}), timeout=60)
    assert "Warning" not in ran.stderr


def _wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 180
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _env(extra: dict[str, str]) -> dict[str, str]:
    return {**os.environ, "PYTHONWARNINGS": "error", **extra}


def _pgwright(*arguments: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pgwright", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=_env(env), timeout=600)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is full")
def test_a_full_disk_is_told_and_no_fault_of_ours(shop: Database) -> None:
    command = [sys.executable, "-m", "pgwright", "check", shop.dsn, "--no-advice"]
    with open("/dev/full", "w") as full:
        ended = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert ended.returncode == 2
    assert ended.stderr.strip() == "pgwright: the system refused: No space left on device."
