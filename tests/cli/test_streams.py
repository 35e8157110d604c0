"""Nothing but the report goes to standard output, whatever a library prints; hidden characters go nowhere."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from pgwright.cli.streams import Door

_NOISY = """
import ctypes, os, sys
from pgwright.cli.output import say, tell
from pgwright.cli.progress import watched
from pgwright.cli.streams import doors

with doors():
    with watched() as progress:
        progress("working")
        print("python's noise")
        os.write(1, b"a library's noise\\n")
        ctypes.CDLL(None).printf(b"C's noise, kept in its buffer\\n")
        os.system("echo a program\\\\'s noise")
    say("the report\\n")
    tell("red \\x1b[31m, turned \\u202e")
"""


def _run(program: str, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, **options)  # type: ignore[call-overload,no-any-return]


def test_only_the_report_goes_to_standard_output() -> None:
    ran = _run(_NOISY)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout == "the report\n"
    for noise in ("python's noise", "a library's noise", "C's noise, kept in its buffer", "a program's noise"):
        assert noise in ran.stderr


def test_what_is_told_passes_the_door() -> None:
    assert _run(_NOISY).stderr.endswith("red \\x1b[31m, turned \\u202e\n")


def test_no_text_of_a_database_passes_for_a_message_of_ours() -> None:
    said = "pgwright: no \\x1b[8m\\npgwright: wrote x"
    program = (
        f"from pgwright.cli.output import tell; from pgwright.cli.streams import doors\nwith doors(): tell('{said}')"
    )
    ran = _run(program, env={**os.environ, "FORCE_COLOR": "1"})
    assert ran.stderr == "pgwright: no \\x1b[8m\n  pgwright: wrote x\n"


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_stream_that_is_closed_is_no_error(number: int) -> None:
    command = f"exec {number}>&-; exec {sys.executable} -c '{_NOISY.replace(chr(39), chr(34))}'"
    ran = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert "Traceback" not in ran.stderr + ran.stdout


def test_the_descriptor_is_put_back_after_an_error() -> None:
    ran = _run(
        "from pgwright.cli.streams import reports_only\n"
        "try:\n    with reports_only(): print('x'); 1 / 0\nexcept ZeroDivisionError: print('after')\n"
    )
    assert (ran.stdout, ran.stderr) == ("after\n", "x\n")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_click_cannot_pass_beside_the_door(encoding: str) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    ran = _run("import sys; from pgwright.cli import main; main(['check', '--a\\x1b[31m\\u202e'])", env=environment)
    assert ran.returncode == 2
    assert "\\u202e" in ran.stderr
    assert "\x1b" not in ran.stderr  # some versions of click leave it out themselves


def test_colours_pass_only_where_they_are_wanted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for force, expected in (("1", "\x1b[1mx\x1b[0m\\x1b[2J"), ("", "\\x1b[1mx\\x1b[0m\\x1b[2J")):
        monkeypatch.setenv("FORCE_COLOR", force)
        Door(sys.stdout).paint("\x1b[1mx\x1b[0m\x1b[2J")
        assert capsys.readouterr().out == expected
        Door(sys.stdout).write("\x1b[8mx")
        assert capsys.readouterr().out == "\\x1b[8mx", "it was not rendered by us"
