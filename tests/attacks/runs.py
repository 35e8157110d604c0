"""The roads that a payload can take: straight to a server, and through each command."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Container, Iterable
from pathlib import Path

import psycopg
from click.testing import CliRunner
from psycopg.conninfo import make_conninfo

from pgwright.cli import main
from pgwright.database import environment
from pgwright.embedded import OWNER, EmbeddedServer, binaries
from pgwright.errors import PgwrightError, ProofError
from pgwright.model.snapshot import Snapshot
from pgwright.proof.script import run_script
from pgwright.twin.priced import read_workload
from pgwright.twin.twin import open_twin
from tests.attacks.ground import Ground
from tests.attacks.payload import Payload

ATTACKER = "attacker"
_FIRED = 3
_ROWS = """
CREATE TABLE items (id integer PRIMARY KEY, name text NOT NULL, kind integer NOT NULL);
INSERT INTO items SELECT n, 'item ' || n, n % 5 FROM generate_series(1, 5000) AS n;
CREATE INDEX items_name ON items (name) WHERE kind = 1;
CREATE STATISTICS together (mcv) ON id, kind FROM items;
ANALYZE items;
"""


def psql(dsn: str, text: str) -> str:
    """Feed a script to psql, as our own user; return what it and the server said."""
    command = [str(binaries() / "psql"), "-X", "-f", "-"]
    variables = {**environment(dsn), "PGCLIENTENCODING": "UTF8", "PATH": os.defpath}
    ran = subprocess.run(command, input=text, env=variables, capture_output=True, text=True, check=False)
    return ran.stdout + ran.stderr


def strike(server: EmbeddedServer, ground: Ground, payloads: Iterable[Payload]) -> str:
    """Run payloads as superuser, each in a session of its own; return what was said."""
    server.create_database("struck")
    psql(server.dsn("struck"), "CREATE EXTENSION dblink;" + _ROWS)
    said = [psql(server.dsn("struck"), f"{ground.script(one)}\n;\n{ground.fire(one)};") for one in payloads]
    server.drop_database("struck")
    return "".join(said)


def make_plain(server: EmbeddedServer) -> str:
    """Make an ordinary database; return its DSN, as superuser."""
    server.create_database("plain")
    psql(server.dsn("plain"), _ROWS + "CREATE EXTENSION IF NOT EXISTS pg_stat_statements;")
    with psycopg.connect(server.dsn("plain"), autocommit=True) as connection:
        connection.execute("SELECT id FROM items WHERE name = 'item 7'")
    return server.dsn("plain")


def make_victim(server: EmbeddedServer, ground: Ground, payloads: Iterable[Payload]) -> str:
    """Make a database that an ordinary role owns, who filled it with attacks; return its DSN, as superuser."""
    server.create_database("victim")
    dsn = server.dsn("victim")
    psql(
        dsn,
        f"CREATE ROLE {ATTACKER} LOGIN; ALTER DATABASE victim OWNER TO {ATTACKER};"
        "GRANT ALL ON SCHEMA public TO PUBLIC;"
        "CREATE EXTENSION dblink; CREATE EXTENSION IF NOT EXISTS pg_stat_statements;",
    )
    theirs = make_conninfo(dsn, user=ATTACKER)
    psql(theirs, _ROWS)
    with psycopg.connect(theirs, autocommit=True) as connection:
        for _ in range(_FIRED):
            connection.execute("SELECT id FROM items WHERE name = 'item 7'")
    for one in payloads:
        psql(theirs, f"{ground.script(one)}\n;" + f"{ground.fire(one)};\n" * _FIRED)
    psql(theirs, "ANALYZE;")
    ground.clear()  # its author may reach a socket by a function that is there for all
    return dsn


def build_twin(server: EmbeddedServer, snapshot: Snapshot) -> str:
    """Build a twin and ask it for the workload, and for an index on an expression; return what it said against it."""
    said: list[str] = []
    try:
        with open_twin(snapshot, server) as twin:
            said += [str(one) for one in (*twin.left_out, *read_workload(snapshot, twin).unplanned)]
            for one in snapshot.statements:
                try:
                    twin.explain(one.text)
                except (psycopg.Error, PgwrightError) as error:
                    said.append(str(error))
            for index in snapshot.indexes:
                said.append(twin.refusal(index.definition))
                twin.add([index.definition])
    except (psycopg.Error, PgwrightError, KeyError, ValueError) as error:
        said.append(str(error))
    return "\n".join(said)


def change_by(server: EmbeddedServer, ground: Ground, payloads: Iterable[Payload]) -> str:
    """Run each payload as the change that is proved, on a database of the owner; return what was said against it."""
    server.require_owner()
    script, said = ground.folder / "change.sql", list[str]()
    server.create_database("changed")
    try:
        with server.admin() as connection:
            connection.execute(f"ALTER DATABASE changed OWNER TO {OWNER}".encode())
        for one in payloads:
            script.write_text(f"{ground.script(one)}\n;\n{ground.fire(one)};")
            try:
                run_script(script, server.owner_dsn("changed"))
            except ProofError as error:
                said.append(str(error))
    finally:
        server.drop_database("changed")
    return "\n".join(said)


def command(*arguments: str | Path, cache: Path, codes: Container[int] = (0, 1)) -> str:
    """Run one of our commands; return all that it said. It could run, unless more codes are named."""
    variables = {"COLUMNS": "400", "PGWRIGHT_CACHE": "on", "XDG_CACHE_HOME": str(cache)}
    ran = CliRunner().invoke(main, [str(one) for one in arguments], prog_name="pgwright", env=variables)
    assert ran.exit_code in codes, (ran.output, ran.exception)
    return ran.output
