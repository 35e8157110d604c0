"""The whole chain on the notebook app: a slow database, what is wrong with it, the fix, the proof, and what is left.

`make demo` runs it. Everything happens on an embedded server that ends with this program; the reports stay in
`build/demo`. Nothing outside `build/demo` and the temporary folder is written.
"""

from __future__ import annotations

import asyncio
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from sqlalchemy import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE))

from gains import show_gains, show_links  # noqa: E402
from notebook.data import load  # noqa: E402
from notebook.operations import operations  # noqa: E402
from notebook.replay import replay  # noqa: E402
from notebook.retention import purge  # noqa: E402
from pgwright import pipeline  # noqa: E402
from pgwright.embedded import EmbeddedServer, run_server  # noqa: E402
from pgwright.report import Format, render  # noqa: E402

BUILD = ROOT / "build" / "demo"
SCALE = float(os.environ.get("NOTEBOOK_SCALE", "1"))
SERVER_SETTINGS = {"shared_preload_libraries": "pg_stat_statements", "shared_buffers": "512MB", "jit": "off"}
# Calls of each operation after the fix, so that the second check sees a workload, too.
VISITS = 20
# Of the child programs where nobody watches, and so of what stands between their output.
WIDTH = 100
NOT_PROVED = 1

APP_ROLE = "notebook_app"
# Revision 0003 is written by hand, too.
BY_HAND = f"""
CREATE ROLE {APP_ROLE} LOGIN;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {APP_ROLE};
ALTER ROLE {APP_ROLE} IN DATABASE notebook SET statement_timeout = '30s';
"""

console = Console(highlight=False, width=None if sys.stdout.isatty() else WIDTH)


def main() -> int:
    started = time.monotonic()
    shutil.rmtree(BUILD, ignore_errors=True)
    app = copy_app_as_it_was()
    with run_server(settings=SERVER_SETTINGS) as server:
        environment = {**os.environ, "DATABASE_URL": server.url("notebook"), "PYTHONPATH": str(HERE)}
        prepare(server, app)
        find(environment)
        revisions = fix(app, environment)
        is_proved = prove(app, environment)
        if is_proved:
            apply(server, app, environment)
    end(revisions, is_proved)
    console.print(f"\nDone in {time.monotonic() - started:.0f} s; the server is stopped.")
    return 0 if is_proved else NOT_PROVED


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
    say("1  The notebook app as it was: text keys, no index but the primary keys, a query for each row")
    server.create_database("notebook")
    with server.admin("notebook") as connection:
        connection.execute("CREATE EXTENSION pg_stat_statements")
    config = Config(app / "alembic.ini")
    config.set_main_option("sqlalchemy.url", server.url("notebook", "psycopg").replace("%", "%%"))
    config.attributes["configure_logging"] = False
    command.upgrade(config, "0001")
    with progress_bar("load") as report:
        counts = load(server.dsn("notebook"), SCALE, report)
    console.print(f"{sum(counts.values()):,} rows in {len(counts)} tables")
    with server.admin("notebook") as connection:
        connection.execute("SELECT pg_stat_statements_reset()")
    with progress_bar("replay") as report:
        calls = replay(server.dsn("notebook"), progress=report, scale=SCALE)
    console.print(f"{calls:,} requests replayed, as fast as they go, so that pg_stat_statements holds a workload")
    console.print(f"$ export DATABASE_URL={shlex.quote(server.url('notebook'))}")


def find(environment: dict[str, str]) -> None:
    """Show what is wrong with the database as it was."""
    say(
        "2  What is wrong with it",
        "A snapshot holds catalogs, statistics and counters, no rows; check plans on an empty twin of it.",
    )
    check("before", environment)


def check(name: str, environment: dict[str, str]) -> None:
    """Take a snapshot and show what is wrong; write the same in full as HTML and JSON."""
    snapshot = f"build/demo/{name}.json.gz"
    run(["pgwright", "snapshot", "-o", snapshot], environment)
    console.print()
    run(["pgwright", "check", snapshot], environment, allowed={1})
    diagnosis = pipeline.check(ROOT / snapshot)
    forms: tuple[Format, ...] = ("html", "json")
    for form in forms:
        (BUILD / f"check-{name}.{form}").write_text(render(diagnosis, form), "utf-8")


def fix(app: Path, environment: dict[str, str]) -> list[Path]:
    """Let pgwright write the revision, and add the one that the team wrote; return both."""
    say(
        "3  The fix, as one Alembic revision",
        "advise tells why these indexes; fix writes them, and what else it can, for a person to review.",
    )
    versions = app / "migrations" / "versions"
    before = set(versions.glob("*.py"))
    run(["pgwright", "advise", "build/demo/before.json.gz", "-o", "build/demo/advice.html"], environment)
    console.print()
    message = "fix what pgwright check found"
    run(
        ["pgwright", "fix", "build/demo/before.json.gz", "--alembic", ini(app), "--rev-id", "0002", "-m", message],
        environment,
    )
    for revision in (HERE / "migrations" / "versions").glob("0003_*.py"):
        shutil.copy(revision, versions)
        console.print(f"Added by hand, for no tool can decide it: {revision.name}")
    return sorted(set(versions.glob("*.py")) - before)


def prove(app: Path, environment: dict[str, str]) -> bool:
    """Measure both revisions, and the new code with them; tell whether they are proved."""
    say(
        "4  The proof",
        "Two copies of the database, one with the fix: both are measured in turn, and their results compared.",
    )
    asked = ["pgwright", "prove", "--alembic", ini(app), "--operations", "notebook.operations:OPERATIONS"]
    outputs = ["--json", "build/demo/proof.json", "-o", "build/demo/proof.html"]
    return run([*asked, *outputs], environment, allowed={NOT_PROVED}) != NOT_PROVED


def apply(server: EmbeddedServer, app: Path, environment: dict[str, str]) -> None:
    """Upgrade the database itself, do what is left to people, use the app as it is now, and check again."""
    say(
        "5  The fix applied, and checked again",
        "On the database itself, with what is left to people: a role for the app, and the purge.",
    )
    run(["alembic", "--config", ini(app), "upgrade", "head"], environment)
    with server.admin("notebook") as connection:
        connection.execute(BY_HAND.encode())
    console.print(f"By hand, as check advised: the role {APP_ROLE}, which is no superuser and has a statement_timeout")
    gone = asyncio.run(clean_and_visit(server))
    console.print(f"The daily purge deleted {sum(gone.values()):,} expired rows; each operation ran {VISITS} times")
    console.print()
    check("after", environment)


async def clean_and_visit(server: EmbeddedServer) -> dict[str, int]:
    """Run the purge, then count anew, as after a deploy, while the app is used; return what the purge deleted."""
    engine = create_async_engine(make_url(server.url("notebook", "asyncpg")).set(username=APP_ROLE))
    try:
        gone = await purge(engine)
        with server.admin("notebook") as connection:
            connection.execute("VACUUM (ANALYZE)")
        await visit(engine, 1)  # nothing is in the buffers yet
        with server.admin("notebook") as connection:
            connection.execute("SET pg_stat_statements.track = 'none'; SELECT pg_stat_reset()")
            connection.execute("SELECT pg_stat_statements_reset()")
        await visit(engine, VISITS)
        return gone
    finally:
        await engine.dispose()


async def visit(engine: AsyncEngine, times: int) -> None:
    for operation in operations(SCALE):
        for _ in range(times):
            await operation.after(engine)  # type: ignore[misc, arg-type]


def end(revisions: list[Path], is_proved: bool) -> None:
    """Show the gains, and where the reports are."""
    say("6  What it gained")
    reports = {
        "what was wrong": [BUILD / "check-before.html", BUILD / "check-before.json"],
        "the indexes, and why": [BUILD / "advice.html"],
        "the fix": revisions,
        "the proof": [BUILD / "proof.html", BUILD / "proof.json"],
    }
    if is_proved:
        reports["what is left"] = [BUILD / "check-after.html", BUILD / "check-after.json"]
        show_gains(console, BUILD / "proof.json", BUILD / "check-before.json", BUILD / "check-after.json")
    else:
        console.print("Nothing is proved, for the reason that the proof gives above; so the fix was not applied.")
    show_links(console, reports)


def ini(app: Path) -> str:
    return str((app / "alembic.ini").relative_to(ROOT))


@contextmanager
def progress_bar(verb: str) -> Iterator[Callable[[str, int, int], None]]:
    columns = (TextColumn(f"{verb:<7}{{task.description:<22}}"), BarColumn(), TextColumn("{task.percentage:>4.0f} %"))
    is_hidden = not console.is_terminal
    with Progress(*columns, TimeElapsedColumn(), console=console, transient=True, disable=is_hidden) as progress:
        task = progress.add_task("", total=1)
        yield lambda what, done, total: progress.update(task, description=what, completed=done, total=total)


def run(arguments: list[str], environment: dict[str, str], allowed: set[int] | None = None) -> int:
    """Show a command as a user types it, and run it; return its exit code, where it is 0 or allowed."""
    console.print(f"[bold]$ {shlex.join(arguments)}[/bold]", soft_wrap=True)
    command_line = [str(Path(sys.executable).with_name(arguments[0])), *arguments[1:]]
    # A session of its own: Ctrl-C comes to us alone, and we pass it on once, so that the program can tidy up.
    with subprocess.Popen(command_line, cwd=ROOT, env=environment, start_new_session=True) as child:
        try:
            code = child.wait()
        except KeyboardInterrupt:
            child.send_signal(signal.SIGINT)
            child.wait()
            raise
    if code not in {0, *(allowed or ())}:
        sys.exit(code)
    return code


def say(title: str, what: str = "") -> None:
    console.print()
    console.rule(f"[bold]{title}", align="left")
    if what:
        console.print(what, style="dim")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        console.print("\ninterrupted; the server is stopped, and the next run starts afresh")
        sys.exit(130)
