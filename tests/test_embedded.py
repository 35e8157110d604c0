import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from pgwright.database import environment
from pgwright.embedded import EmbeddedServer, binaries, run_server
from pgwright.errors import EmbeddedServerError


def is_running(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return status != "Z"


def test_a_server_with_pgvector_starts_and_leaves_nothing() -> None:
    with run_server() as server:
        with server.admin() as connection:
            connection.execute("CREATE EXTENSION vector")
            row = connection.execute("SELECT '[1,2]'::vector <-> '[1,3]'::vector").fetchone()
        assert row == (1.0,)
    assert not server.directory.exists()
    assert not is_running(server.process.pid)


def test_data_is_kept_where_a_directory_is_named(tmp_path: Path) -> None:
    home = Path("/tmp") / f"pgwright-test-{os.getpid()}"
    try:
        with run_server(home) as server:
            server.create_database("kept")
        with run_server(home) as server, psycopg.connect(server.dsn("kept")) as connection:
            assert connection.info.dbname == "kept"
    finally:
        subprocess.run(["rm", "-rf", str(home)], check=True)


def test_a_killed_parent_leaves_no_server() -> None:
    program = (
        "import time\nfrom pgwright.embedded import run_server\n"
        "with run_server() as s:\n    print(s.process.pid, s.directory, flush=True)\n    time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid, directory = parent.stdout.readline().split()
        parent.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 20
    while is_running(int(pid)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_running(int(pid))
    subprocess.run(["rm", "-rf", directory], check=True)


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
