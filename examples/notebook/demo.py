"""The whole chain on the notebook app: a slow database, what is wrong, the fixes, their proofs, and what is left.

`make demo` runs it. Everything happens on an embedded server that ends with this program; the reports stay in
`build/demo`. Nothing outside `build/demo` and the temporary folder is written.
"""

from __future__ import annotations

import asyncio
import os
import shlex
import shutil
import sys
import time
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE))

from gains import show_gains, show_links  # noqa: E402
from notebook.data import load  # noqa: E402
from notebook.operations import operations  # noqa: E402
from notebook.replay import replay  # noqa: E402
from notebook.retention import RETENTION  # noqa: E402
from pgwright import pipeline  # noqa: E402
from pgwright.embedded import EmbeddedServer, run_server  # noqa: E402
from pgwright.report import Format, render  # noqa: E402
from showing import console, progress_bar, run, say  # noqa: E402

BUILD = ROOT / "build" / "demo"
SCALE = float(os.environ.get("NOTEBOOK_SCALE", "1"))
SERVER_SETTINGS = {"shared_preload_libraries": "pg_stat_statements", "shared_buffers": "512MB", "jit": "off"}
# Calls of each operation after the fix, so that the second check sees a workload, too.
VISITS = 20
SNAPSHOT = "build/demo/before.json.gz"
NOT_PROVED = 1
# Paragraphs of what prove and check print: the rest is in the reports, and the end of the demo shows what counts.
CONCLUSION, VERDICT = slice(-1, None), slice(2, 3)

APP_ROLE = "notebook_app"
# The revisions from 0004 on are written by hand, too.
BY_HAND = f"""
CREATE ROLE {APP_ROLE} LOGIN;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {APP_ROLE};
ALTER ROLE {APP_ROLE} IN DATABASE notebook SET statement_timeout = '30s';
"""


def main() -> int:
    started = time.monotonic()
    shutil.rmtree(BUILD, ignore_errors=True)
    app = copy_app_as_it_was()
    with run_server(settings=SERVER_SETTINGS) as server:
        paths = filter(None, (str(HERE), os.environ.get("PYTHONPATH")))
        environment = {**os.environ, "DATABASE_URL": server.url("notebook"), "PYTHONPATH": os.pathsep.join(paths)}
        prepare(server, app)
        find(environment)
        index(app, environment)
        convert(app, environment)
        is_proved = prove(app, environment)
        if is_proved:
            apply(server, app, environment)
    end(app, is_proved)
    console.print(f"\nDone in {time.monotonic() - started:.0f} s; the server is stopped.")
    return 0 if is_proved else NOT_PROVED


def copy_app_as_it_was() -> Path:
    """Copy the app with its first revision and the models of then, so that `fix` writes the next and edits those."""
    app = BUILD / "notebook"
    versions = app / "migrations" / "versions"
    versions.mkdir(parents=True)
    shutil.copy(HERE / "alembic.ini", app)
    shutil.copytree(HERE / "notebook", app / "notebook", ignore=shutil.ignore_patterns("__pycache__"))
    env = (HERE / "migrations" / "env.py").read_text("utf-8")
    (app / "migrations" / "env.py").write_text(env.replace("notebook.after.models", "notebook.before.models"), "utf-8")
    shutil.copy(HERE / "migrations" / "script.py.mako", app / "migrations")
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


def check(name: str, environment: dict[str, str], *, shows: slice | None = None) -> None:
    """Take a snapshot and show what is wrong; write the same in full as HTML and JSON."""
    snapshot = f"build/demo/{name}.json.gz"
    run(["pgwright", "snapshot", "-o", snapshot], environment)
    console.print()
    run(["pgwright", "check", snapshot], environment, allowed={1}, shows=shows)
    diagnosis = pipeline.check(ROOT / snapshot)
    forms: tuple[Format, ...] = ("html", "json")
    for form in forms:
        (BUILD / f"check-{name}.{form}").write_text(render(diagnosis, form), "utf-8")


def index(app: Path, environment: dict[str, str]) -> None:
    """Let pgwright write the indexes, in a revision and in the models, and measure them."""
    say(
        "3  The indexes, safe while the app runs",
        "pgwright fix alone writes the five that gain most; here all, with those that deletes will ask for.",
    )
    run(["pgwright", "advise", SNAPSHOT, "-o", "build/demo/advice.html"], environment)
    console.print()
    only = ["--only", "missing-index", "--only", "unindexed-foreign-key"]
    fix(app, environment, [*only, "--rev-id", "0002", "-m", "index what the app asks for"])
    measure(app, environment, "0002")


def convert(app: Path, environment: dict[str, str]) -> None:
    """Let pgwright write the change of the keys, as it does when it is asked to, and measure both."""
    say(
        "4  The keys, on request: this is deployed together with the code",
        "A uuid stays a str in Python. --allow-behind, for revision 0002 is written and not applied yet.",
    )
    fix(app, environment, ["--breaking", "--allow-behind", "--rev-id", "0003", "-m", "keep keys as uuid"])
    measure(app, environment, "0003")


def fix(app: Path, environment: dict[str, str], asked: list[str]) -> None:
    """Let pgwright write a revision, and edit the models with it."""
    run(["pgwright", "fix", SNAPSHOT, "--alembic", ini(app), *asked, "--write"], environment)


def measure(app: Path, environment: dict[str, str], revision: str) -> None:
    """Measure the revisions up to this one. The proof of all of them decides."""
    asked = ["pgwright", "prove", "--alembic", ini(app), "--to", revision]
    run(asked, environment, allowed={NOT_PROVED}, shows=CONCLUSION)


def prove(app: Path, environment: dict[str, str]) -> bool:
    """Add the revision that the team wrote, and measure all of them, and the new code; tell whether they are proved."""
    say(
        "5  What no tool can decide, and the proof of all",
        "By hand: what is deleted, when, and what goes with it; and eager loading, in the code.",
    )
    by_hand = sorted((HERE / "migrations" / "versions").glob("000[4-9]_*.py"))
    for revision in by_hand:
        shutil.copy(revision, app / "migrations" / "versions")
    console.print(f"Added by hand: {by_hand[0].name} and {len(by_hand) - 1} more, up to {by_hand[-1].name}")
    asked = ["pgwright", "prove", "--alembic", ini(app), "--operations", "notebook.operations:OPERATIONS"]
    outputs = ["--json", "build/demo/proof.json", "-o", "build/demo/proof.html"]
    return run([*asked, *outputs], environment, allowed={NOT_PROVED}, shows=CONCLUSION) != NOT_PROVED


def apply(server: EmbeddedServer, app: Path, environment: dict[str, str]) -> None:
    """Upgrade the database itself, do what is left to people, use the app as it is now, and check again."""
    say(
        "6  All of it applied, and checked again",
        "On the database itself, with what is left to people: a role for the app, and the purge.",
    )
    run(["alembic", "--config", ini(app), "upgrade", "head"], environment)
    with server.admin("notebook") as connection:
        connection.execute(BY_HAND.encode())
    console.print(f"By hand, as check advised: the role {APP_ROLE}, which is no superuser and has a statement_timeout")
    gone = asyncio.run(clean_and_visit(server))
    console.print(f"The daily purge deleted {gone:,} expired rows; each operation ran {VISITS} times")
    console.print()
    check("after", environment, shows=VERDICT)


async def clean_and_visit(server: EmbeddedServer) -> int:
    """Purge, then count anew, as after a deploy, while the app is used; return how many rows the purge deleted."""
    engine = create_async_engine(make_url(server.url("notebook", "asyncpg")).set(username=APP_ROLE))
    try:
        gone = (await RETENTION.run(engine)).rows
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


def end(app: Path, is_proved: bool) -> None:
    """Show the gains, and where the reports are."""
    say("7  What it gained")
    reports = {
        "what was wrong": [BUILD / "check-before.html", BUILD / "check-before.json"],
        "the indexes, and why": [BUILD / "advice.html"],
        "the revisions": sorted((app / "migrations" / "versions").glob("*.py"))[1:],
        "the edited models": [app / "notebook" / "before" / "models.py"],
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


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        console.print("\ninterrupted; the server is stopped, and the next run starts afresh")
        sys.exit(130)
