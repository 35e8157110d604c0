"""The process of a confined server, asked by its superuser; what others wrote does not even get that far."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from pgwright.embedded import EmbeddedServer, Programs, run_server, try_confinement
from pgwright.embedded import confinement as confining
from pgwright.embedded import server as serving
from pgwright.embedded.cluster import Launch
from pgwright.embedded.confinement import Confinement
from pgwright.errors import EmbeddedServerError
from tests.support.postgres import older

WHOLE = "Landlock, seccomp, namespaces"
pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="confinement needs Linux"),
    pytest.mark.xdist_group("confinement"),
]
on_a_whole_kernel = pytest.mark.skipif(
    sys.platform != "linux" or try_confinement() != WHOLE, reason="this kernel or container lacks a step"
)


@pytest.fixture(scope="module", params=[18, 14])
def confined(request: pytest.FixtureRequest) -> Iterator[EmbeddedServer]:
    programs: Programs | None = None if request.param == 18 else older(request.param)
    os.environ["PGWRIGHT_SECRET"] = "of the user"
    with run_server(programs=programs, is_confined=True) as server:
        del os.environ["PGWRIGHT_SECRET"]
        yield server


def test_it_tells_what_holds(confined: EmbeddedServer) -> None:
    assert confined.confinement == try_confinement()


def test_the_users_environment_is_not_handed_down(confined: EmbeddedServer) -> None:
    environment = Path(f"/proc/{confined.process.pid}/environ").read_bytes()
    assert b"PATH=" in environment
    assert b"PGWRIGHT_SECRET" not in environment


@on_a_whole_kernel
@pytest.mark.parametrize(
    "statement",
    [
        "SELECT pg_read_file('/etc/passwd')",
        "SELECT pg_read_file('/proc/self/environ')",
        "SELECT pg_ls_dir('/tmp')",
        "SELECT pg_ls_dir('/dev/shm')",
        "COPY (SELECT 1) TO '{outside}/copy'",
        "COPY (SELECT 1) TO PROGRAM 'touch {outside}/program'",
    ],
)
def test_nothing_outside_its_folder_is_read_written_or_run(
    confined: EmbeddedServer, statement: str, tmp_path: Path
) -> None:
    tmp_path.chmod(0o777)
    with (
        confined.admin() as connection,
        pytest.raises(psycopg.Error, match=r"Permission denied|could not execute command"),
    ):
        connection.execute(statement.format(outside=tmp_path).encode())
    assert list(tmp_path.iterdir()) == []


@on_a_whole_kernel
def test_no_link_is_made_in_its_own_folder(confined: EmbeddedServer) -> None:
    with confined.admin() as connection:
        place = confined.directory / "data" / "pg_replslot"
        with pytest.raises(psycopg.Error):
            connection.execute(f"CREATE TABLESPACE planted LOCATION '{place}'".encode())
    assert list((confined.data / "pg_tblspc").iterdir()) == []


@on_a_whole_kernel
def test_no_socket_of_another_server_is_reached(confined: EmbeddedServer, server: EmbeddedServer) -> None:
    with confined.admin() as connection:
        connection.execute("CREATE EXTENSION IF NOT EXISTS dblink")
        with pytest.raises(psycopg.Error) as refused:
            connection.execute("SELECT dblink_connect(%s)", (f"host={server.directory} user=postgres",))
    assert "Permission denied" in str(refused.value)


def test_queries_run_in_parallel(confined: EmbeddedServer) -> None:
    with confined.admin() as connection:
        connection.execute("CREATE TABLE numbers AS SELECT n FROM generate_series(1, 50000) AS n")
        for name in ("parallel_setup_cost", "parallel_tuple_cost", "min_parallel_table_scan_size"):
            connection.execute(f"SET {name} = 0".encode())
        told = connection.execute("EXPLAIN (ANALYZE, COSTS off) SELECT sum(n) FROM numbers").fetchall()
        assert connection.execute("SELECT sum(n) FROM numbers").fetchone() == (1250025000,)
        connection.execute("DROP TABLE numbers")
    assert any("Workers Launched: 2" in line for (line,) in told)


def test_it_counts(confined: EmbeddedServer) -> None:
    """Before PostgreSQL 15 by a socket, whose loss makes each look at the counters take 10 seconds."""
    with confined.admin() as connection:
        connection.execute("SET statement_timeout = '5s'")
        row = connection.execute("SELECT count(*) FROM pg_stat_all_tables").fetchone()
        assert row is not None
        assert row[0] > 50
    assert "could not bind socket" not in (confined.directory / "log").read_text()
    assert "disabling statistics collector" not in (confined.directory / "log").read_text()


@on_a_whole_kernel
def test_an_ordinary_user_can_confine_too() -> None:
    if os.geteuid() != 0:
        pytest.skip("the other tests show it")
    # What is imported later may be in a folder of root's.
    program = (
        "import os, psycopg, pgwright.embedded.choice, encodings.idna\n"
        "from pgwright.embedded import run_server\n"
        "os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "with run_server(is_confined=True) as server, server.admin() as connection:\n"
        "    print(server.confinement, connection.execute('SELECT 1').fetchone(), sep=';')\n"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd="/")
    assert (ran.stdout.strip(), ran.returncode) == (f"{WHOLE};(1,)", 0), ran.stderr


def _refused(*_: object) -> int:
    raise OSError(1, "refused")


@on_a_whole_kernel
@pytest.mark.parametrize(
    ("function", "told"),
    [
        ("pgwright.embedded.landlock.make_ruleset", "seccomp, namespaces (without Landlock: refused)"),
        ("pgwright.embedded.landlock.restrict", "seccomp, namespaces (without Landlock: refused)"),
        ("pgwright.embedded.kernel.unshare", "Landlock, seccomp (without namespaces: refused)"),
        ("pgwright.embedded.seccomp.Filter.install", "Landlock, namespaces (without seccomp: refused)"),
    ],
)
def test_a_step_that_the_system_refuses_is_left_out_and_named(
    function: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(function, _refused)
    with run_server(is_confined=True) as server, server.admin() as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
        assert server.confinement == told


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that is kept between two starts, of servers that may not run confined."""
    monkeypatch.setattr(serving, "_unconfinable", {})
    with tempfile.TemporaryDirectory(prefix="pgw-", dir="/tmp") as name:
        Path(name).chmod(0o755)
        yield Path(name) / "home"


def test_a_server_that_does_not_start_confined_starts_free_and_tells(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(confining, "_rules", lambda *_: iter([(Path("/nowhere"), 0)]))
    for _ in ("new", "started again"):
        with run_server(home, is_confined=True) as server:
            assert server.confinement.startswith("role alone: confined, it does not start: ")
        serving._unconfinable.clear()  # as in another process


@on_a_whole_kernel
def test_a_cluster_does_not_get_out_by_failing_to_start(home: Path) -> None:
    """What others put into it could see to that."""
    with run_server(home, is_confined=True) as server, server.admin() as connection:
        connection.execute("ALTER SYSTEM SET shared_preload_libraries = 'not_there'")
    with pytest.raises(EmbeddedServerError, match="not_there"), run_server(home, is_confined=True):
        pass


@on_a_whole_kernel
def test_a_failed_start_of_one_cluster_lets_no_other_one_out(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with run_server(home, is_confined=True) as server:
        assert server.confinement == WHOLE
    start, failures = serving._start, ["once"]

    def failing(launch: Launch, told: str, confinement: Confinement | None = None) -> EmbeddedServer:
        if confinement is not None and failures:
            failures.clear()
            confinement.held()
            raise EmbeddedServerError("no memory")
        return start(launch, told, confinement)

    monkeypatch.setattr(serving, "_start", failing)
    with run_server(is_confined=True) as server:
        assert server.confinement == "role alone: confined, it does not start: no memory"
    for directory in (home, None):
        with run_server(directory, is_confined=True) as server:
            assert server.confinement == WHOLE
    monkeypatch.setitem(serving._unconfinable, server.programs.folder, "of another one")
    with run_server(home, is_confined=True) as server:
        assert server.confinement == WHOLE


def test_confinement_can_be_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGWRIGHT_CONFINEMENT", "off")
    with run_server(is_confined=True) as server:
        assert server.confinement == "role alone: PGWRIGHT_CONFINEMENT=off"
    assert try_confinement() == "role alone: PGWRIGHT_CONFINEMENT=off"


def test_a_confinement_that_nobody_started_leaves_no_descriptor(confined: EmbeddedServer) -> None:
    before = len(os.listdir("/proc/self/fd"))
    Confinement(confined.programs, confined.directory, None).held()
    assert len(os.listdir("/proc/self/fd")) == before
