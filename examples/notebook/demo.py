"""The whole chain on the notebook app: a slow database, what is wrong with it, the fix, and the proof.

`make demo` runs it. Everything happens on an embedded server that ends with this program; the reports stay in
`build/demo`. Nothing outside `build/demo` and the temporary folder is written.
"""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from sqlalchemy.ext.asyncio import create_async_engine

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE))

from notebook.data import load  # noqa: E402
from notebook.operations import operations  # noqa: E402
from notebook.replay import replay  # noqa: E402
from pgwright.embedded import EmbeddedServer, run_server  # noqa: E402

BUILD = ROOT / "build" / "demo"
SCALE = float(os.environ.get("NOTEBOOK_SCALE", "1"))
SERVER_SETTINGS = {"shared_preload_libraries": "pg_stat_statements", "shared_buffers": "512MB", "jit": "off"}
BY_HAND = "0003_*.py"
# Calls of each operation after the fix, so that the second check sees a workload, too.
VISITS = 20

console = Console(highlight=False)


def main() -> int:
    started = time.monotonic()
    shutil.rmtree(BUILD, ignore_errors=True)
    app = copy_app_as_it_was()
    with run_server(settings=SERVER_SETTINGS) as server:
        say("1  The notebook app as it was: text keys, no secondary index, lazy loading")
        prepare(server, app)
        environment = {**os.environ, "DATABASE_URL": server.url("notebook"), "PYTHONPATH": str(HERE)}
        console.print(f"$ export DATABASE_URL={shlex.quote(server.url('notebook'))}")

        say("2  What is wrong with it")
        run(["pgwright", "check", "--format", "html", "-o", "build/demo/check.html"], environment, allowed={1})
        run(["pgwright", "check"], environment, allowed={1})

        say("3  The fix, as one Alembic revision")
        ini = str((app / "alembic.ini").relative_to(ROOT))
        run(
            ["pgwright", "fix", "--alembic", ini, "--rev-id", "0002", "-m", "fix what pgwright check found"],
            environment,
        )
        for revision in (HERE / "migrations" / "versions").glob(BY_HAND):
            shutil.copy(revision, app / "migrations" / "versions")
            console.print(f"Added by hand, for no tool can decide it: {revision.name}")

        say("4  The proof: before and after, measured in turn on two copies")
        prove = ["pgwright", "prove", "--alembic", ini, "--operations", "notebook.operations:OPERATIONS"]
        run([*prove, "--json", "build/demo/proof.json", "-o", "build/demo/proof.html"], environment)

        say("5  The fix applied, and checked again")
        before = findings(environment)
        run(["alembic", "--config", ini, "upgrade", "head"], environment)
        visit(server)
        run(["pgwright", "check", "--format", "html", "-o", "build/demo/check-after.html"], environment, allowed={1})
        after = findings(environment)
    show_operations()
    show_findings(before, after)
    console.print(f"\nDone in {time.monotonic() - started:.0f} s. Reports:")
    for report in ("check.html", "proof.html", "check-after.html", "proof.json"):
        console.print(f"  build/demo/{report}")
    return 0


def copy_app_as_it_was() -> Path:
    """Copy the app's Alembic directory with its first revision only, so that `fix` writes the second one."""
    app = BUILD / "notebook"
    versions = app / "migrations" / "versions"
    versions.mkdir(parents=True)
    shutil.copy(HERE / "alembic.ini", app)
    for name in ("env.py", "script.py.mako"):
        shutil.copy(HERE / "migrations" / name, app / "migrations")
    shutil.copy(HERE / "migrations" / "versions" / "0001_before.py", versions)
    return app


def prepare(server: EmbeddedServer, app: Path) -> None:
    """Create the database at its first revision, fill it, and replay the app's operations."""
    server.create_database("notebook")
    with server.admin("notebook") as connection:
        connection.execute("CREATE EXTENSION pg_stat_statements")
    config = Config(app / "alembic.ini")
    config.set_main_option("sqlalchemy.url", server.url("notebook", "psycopg").replace("%", "%%"))
    command.upgrade(config, "0001")
    with progress_bar("load") as report:
        counts = load(server.dsn("notebook"), SCALE, report)
    console.print(f"{sum(counts.values()):,} rows in {len(counts)} tables")
    with server.admin("notebook") as connection:
        connection.execute("SELECT pg_stat_statements_reset()")
    with progress_bar("replay") as report:
        calls = replay(server.dsn("notebook"), progress=report, scale=SCALE)
    console.print(f"{calls:,} requests replayed, so that pg_stat_statements holds a workload")


@contextmanager
def progress_bar(verb: str) -> Iterator[Callable[[str, int, int], None]]:
    columns = (TextColumn(f"{verb:<7}{{task.description:<22}}"), BarColumn(), TextColumn("{task.percentage:>4.0f} %"))
    with Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as progress:
        task = progress.add_task("", total=1)
        yield lambda what, done, total: progress.update(task, description=what, completed=done, total=total)


def run(arguments: list[str], environment: dict[str, str], allowed: set[int] | None = None) -> None:
    """Show a command as a user types it, and run it; findings (exit code 1) are what `check` is for."""
    console.print(f"\n[bold]$ {shlex.join(arguments)}[/bold]")
    code, _ = call(arguments, environment)
    if code not in {0, *(allowed or ())}:
        sys.exit(code)


def call(arguments: list[str], environment: dict[str, str], stdout: int | None = None) -> tuple[int, str]:
    """Run a program of the virtual environment; return its exit code, and its output where it is caught."""
    command_line = [str(Path(sys.executable).with_name(arguments[0])), *arguments[1:]]
    # A session of its own: Ctrl-C comes to us alone, and we pass it on once, so that the program can tidy up.
    with subprocess.Popen(
        command_line, cwd=ROOT, env=environment, start_new_session=True, stdout=stdout, text=True
    ) as child:
        try:
            output, _ = child.communicate()
        except KeyboardInterrupt:
            child.send_signal(signal.SIGINT)
            child.communicate()
            raise
    return child.returncode, output or ""


def visit(server: EmbeddedServer) -> None:
    """Start the counters anew, as after a deploy, and use the app as it is now."""
    with server.admin("notebook") as connection:
        connection.execute("SELECT pg_stat_reset(), pg_stat_statements_reset()")
    asyncio.run(_visit(server.url("notebook", "asyncpg")))
    with server.admin("notebook") as connection:
        connection.execute("VACUUM (ANALYZE)")


async def _visit(url: str) -> None:
    engine = create_async_engine(url)
    try:
        for operation in operations(SCALE):
            for _ in range(VISITS):
                await operation.after(engine)  # type: ignore[misc, arg-type]
    finally:
        await engine.dispose()


def findings(environment: dict[str, str]) -> Counter[str]:
    """Return how many findings each check has, those that others cause among them."""
    _, report = call(["pgwright", "check", "--format", "json"], environment, stdout=subprocess.PIPE)
    found = json.loads(report)["findings"]
    return Counter(one["check"] for finding in found for one in (finding, *finding["symptoms"]))


def show_operations() -> None:
    proof = json.loads((BUILD / "proof.json").read_text())
    table = Table(title="Operations of the app, measured", title_justify="left", box=None, pad_edge=False)
    table.add_column("operation", no_wrap=True)
    for name in ("before", "after", "ratio", "queries before", "queries after", "results equal"):
        table.add_column(name, justify="right", no_wrap=name in ("before", "after"))
    for one in proof["operations"]:
        table.add_row(
            one["name"], f"{one['before_ms']:,.1f} ms", f"{one['after_ms']:,.1f} ms", f"{one['ratio']:,.1f}×",
            str(one["queries_before"]), str(one["queries_after"]), "yes" if one["results_equal"] else "NO",
        )  # fmt: skip
    console.print()
    console.print(table)


def show_findings(before: Counter[str], after: Counter[str]) -> None:
    table = Table(title="Findings", title_justify="left", box=None, pad_edge=False)
    table.add_column("check", no_wrap=True)
    table.add_column("before", justify="right")
    table.add_column("after", justify="right")
    for check in sorted(before | after, key=lambda name: (after[name] - before[name], name)):
        table.add_row(check, str(before[check]), str(after[check]))
    console.print()
    console.print(table)


def say(title: str) -> None:
    console.print()
    console.rule(f"[bold]{title}", align="left")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        console.print("\ninterrupted; the server is stopped, and the next run starts afresh")
        sys.exit(130)
