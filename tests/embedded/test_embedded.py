import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import get_args

import psycopg
import pytest

from pgwright.database import environment
from pgwright.embedded import EmbeddedServer, binaries, run_server
from pgwright.embedded.tether import Way
from pgwright.errors import EmbeddedServerError

WAYS = get_args(Way) if sys.platform == "linux" else ("pipe",)


def is_running(pid: int) -> bool:
    """Whether anything of a server's process group runs: the server itself, or its watcher."""
    listed = subprocess.run(["ps", "-A", "-o", "pgid=,stat="], capture_output=True, text=True, check=True).stdout
    return any(int(group) == pid and not state.startswith("Z") for group, state in map(str.split, listed.splitlines()))


def wait_until_gone(pid: int) -> None:
    deadline = time.monotonic() + 60
    while is_running(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_running(pid)


@pytest.mark.parametrize("way", WAYS)
def test_a_server_with_pgvector_starts_and_leaves_nothing(way: Way) -> None:
    with run_server(way=way) as server:
        with server.admin() as connection:
            connection.execute("CREATE EXTENSION vector")
            row = connection.execute("SELECT '[1,2]'::vector <-> '[1,3]'::vector").fetchone()
        assert row == (1.0,)
        assert is_running(server.process.pid)
    assert not server.directory.exists()
    wait_until_gone(server.process.pid)


def test_data_is_kept_where_a_directory_is_named(tmp_path: Path) -> None:
    home = Path("/tmp") / f"pgwright-test-{os.getpid()}"
    try:
        with run_server(home) as server:
            server.create_database("kept")
        with run_server(home) as server, psycopg.connect(server.dsn("kept")) as connection:
            assert connection.info.dbname == "kept"
    finally:
        subprocess.run(["rm", "-rf", str(home)], check=True)


@pytest.mark.parametrize("way", WAYS)
def test_a_killed_parent_leaves_no_server(way: Way) -> None:
    program = (
        "import time\nfrom pgwright.embedded import run_server\n"
        f"with run_server(way={way!r}) as s:\n    print(s.process.pid, s.directory, flush=True)\n    time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid, directory = parent.stdout.readline().split()
        assert is_running(int(pid))
        parent.send_signal(signal.SIGKILL)
    wait_until_gone(int(pid))
    assert not (Path(directory) / "data" / "postmaster.pid").exists(), "the server was not stopped in order"
    shutil.rmtree(directory, ignore_errors=True)  # unless another run has done it already


@pytest.mark.parametrize("way", WAYS)
def test_a_parent_killed_before_its_child_says_a_word_leaves_nothing(way: Way) -> None:
    program = (
        "import os, signal\nfrom pgwright.embedded.tether import Tether\n"
        f"child = Tether({way!r}).start(['sleep', '600'], start_new_session=True)\n"
        "print(child.pid, flush=True)\nos.kill(os.getpid(), signal.SIGKILL)"
    )
    killed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    wait_until_gone(int(killed.stdout))


@pytest.mark.parametrize("way", WAYS)
def test_a_watcher_that_was_ended_bothers_nobody(way: Way) -> None:
    with run_server(way=way) as server:
        listed = subprocess.run(["ps", "-A", "-o", "pid=,pgid="], capture_output=True, text=True, check=True).stdout
        pairs = [tuple(map(int, line.split())) for line in listed.splitlines()]
        watchers = [pid for pid, group in pairs if group == server.process.pid != pid]
        assert len(watchers) == (way == "pipe")
        with server.admin() as connection:
            for watcher in watchers:
                os.kill(watcher, signal.SIGKILL)
            assert connection.execute("SELECT 1").fetchone() == (1,)
    wait_until_gone(server.process.pid)


def test_a_setting_that_the_server_refuses_is_told_with_its_log() -> None:
    with pytest.raises(EmbeddedServerError, match="no_such_setting"), run_server(settings={"no_such_setting": "1"}):
        pass


def test_a_path_too_long_for_a_socket_is_told(tmp_path: Path) -> None:
    with pytest.raises(EmbeddedServerError, match="too long"), run_server(tmp_path / ("x" * 100)):
        pass


def test_a_copy_of_a_database_is_independent(server: EmbeddedServer) -> None:
    server.create_database("original")
    try:
        with server.admin("original") as connection:
            connection.execute("CREATE TABLE t AS SELECT 1 AS n")
        server.create_database("copy", template="original")
        with server.admin("copy") as connection:
            connection.execute("DELETE FROM t")
        with server.admin("original") as connection:
            assert connection.execute("SELECT n FROM t").fetchall() == [(1,)]
    finally:
        server.drop_database("copy")
        server.drop_database("original")


def test_variables_that_mean_the_users_server_do_not_lead_there(
    server: EmbeddedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    services = tmp_path / "services"
    services.write_text("[theirs]\nhost=127.0.0.1\nhostaddr=127.0.0.1\nport=1\ndbname=theirs\n")
    monkeypatch.setenv("PGSERVICEFILE", str(services))
    monkeypatch.setenv("PGSERVICE", "theirs")
    monkeypatch.setenv("PGHOSTADDR", "127.0.0.1")
    monkeypatch.setenv("PGOPTIONS", "-c default_transaction_read_only=on")
    monkeypatch.setenv("PGTARGETSESSIONATTRS", "read-only")
    asked = "SHOW data_directory"
    with server.admin() as connection:
        assert connection.execute(asked).fetchall() == [(str(server.data),)]
    psql = [str(binaries() / "psql"), "-XAtc", asked]
    answer = subprocess.run(psql, env=environment(server.dsn()), capture_output=True, text=True, check=False)
    assert (answer.stdout.strip(), answer.stderr) == (str(server.data), "")
