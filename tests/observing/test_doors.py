"""Nothing that a revision does leaves the twin."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tests.observing.conftest import SCHEMA
from tests.support.linting import Linter

_WAYS = {
    "a host": ('import urllib.request\nurllib.request.urlopen("http://192.0.2.1/")', "the host 192.0.2.1"),
    "a name": ('import urllib.request\nurllib.request.urlopen("http://example.org/")', "the host example.org"),
    "a program": ('import subprocess\nsubprocess.run(["ls", "--password=x"])', "the program ls"),
    "a shell": ('import os\nos.system("ls /")', "the program ls"),
    "a database": ('import psycopg\npsycopg.connect("host=prod dbname=app password=x")', "app on prod"),
    "an engine": ('sa.create_engine("postgresql+psycopg://u:p@prod/app").connect()', "app on prod"),
}


@pytest.mark.parametrize("way", _WAYS)
def test_what_reaches_out_fails_and_is_named_without_secrets(linter: Linter, way: str) -> None:
    body, named = _WAYS[way]
    pending = linter.run(f'op.execute("ALTER TABLE note ADD a int")\n{body}', schema=SCHEMA)
    (revision,) = pending.revisions
    assert revision.upgrade.failure == "reached out"
    assert named in " ".join(revision.reaches_out)
    assert "password" not in revision.upgrade.error
    assert any(one.what == "revision r1" and one.remedy for one in pending.not_examined)


def test_no_file_outside_is_written_not_even_past_python(linter: Linter, tmp_path: Path) -> None:
    place = tmp_path / "written"
    body = f"""
        import ctypes
        libc = ctypes.CDLL(None, use_errno=True)
        found = libc.open({str(place).encode()!r}, 0o101, 0o644)
        op.execute(f"CREATE TABLE opened_{{found < 0}} (id int)")
        open({str(place)!r}, "w").write("x")
        """
    (revision,) = linter.run(body, schema=SCHEMA).revisions
    assert revision.upgrade.failure == "reached out"
    assert not place.exists()
    assert [one.short for one in revision.new_tables] == [] or "opened_true" in str(revision.upgrade.statements[0].text)


def test_no_socket_in_the_file_system_is_reached_past_python(linter: Linter, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "s"))
        listening.listen()
        body = f"""
            import ctypes, struct
            libc = ctypes.CDLL(None, use_errno=True)
            address = struct.pack("=H108s", 1, {str(tmp_path / "s").encode()!r})
            found = libc.connect(libc.socket(1, 1, 0), address, len(address))
            op.execute(f"CREATE TABLE answer_{{'no' if found < 0 else 'yes'}} (id int)")
            """
        (revision,) = linter.run(body, schema=SCHEMA).revisions
    assert [one.short for one in revision.new_tables] == ["answer_no"]


def test_reading_files_is_allowed(linter: Linter, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("1,2\n")
    body = f'op.execute("INSERT INTO tag VALUES (" + open({str(tmp_path / "rows.csv")!r}).read() + ")")'
    (revision,) = linter.run(body, schema=SCHEMA).revisions
    assert revision.upgrade.error == ""
    assert revision.reaches_out == ()


def test_a_missing_setting_says_what_to_set(linter: Linter) -> None:
    pending = linter.run('import os\nos.environ["SHOP_TEST_SECRET"]', schema=SCHEMA)
    assert pending.revisions[0].upgrade.failure == "setting missing"
    (told,) = [one for one in pending.not_examined if one.what == "revision r1"]
    assert "SHOP_TEST_SECRET" in told.remedy


def test_a_missing_module_says_where_to_run(linter: Linter) -> None:
    pending = linter.run("import a_module_that_nobody_has", schema=SCHEMA)
    assert pending.revisions[0].upgrade.failure == "not importable"
