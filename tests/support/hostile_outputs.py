"""A database all of whose names hold hidden characters, and everything that the commands say about it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import psycopg
from click.testing import CliRunner

from pgwright.cli import main
from pgwright.model.names import quote, quote_literal
from pgwright.visible import HIDDEN

# Clears the screen, turns the direction of writing, isolates it, has no width, starts the line again, steers in a byte.
MARKS = "\x1b[2J\u202e\u2066\u200b\ufeff\r\x9b"
REVISION = f"r1{MARKS}"
CHECKED_FORMATS = ("terminal", "json", "markdown", "html", "sarif")


def _name(word: str) -> str:
    return quote(f"{word}{MARKS}")


SCHEMA = f"""
CREATE SCHEMA {_name("shop")};
SET search_path = {_name("shop")}, public;
CREATE TYPE {_name("state")} AS ENUM ({quote_literal("new" + MARKS)}, 'old');
CREATE DOMAIN {_name("label")} AS text CONSTRAINT {_name("filled")} CHECK (VALUE <> {quote_literal(MARKS)});
CREATE TABLE {_name("users")} (
    {_name("id")} text CONSTRAINT {_name("users_pk")} PRIMARY KEY, {_name("name")} {_name("label")},
    deleted_at timestamptz);
CREATE TABLE {_name("orders")} ({_name("id")} serial PRIMARY KEY,
    {_name("user_id")} text NOT NULL CONSTRAINT {_name("orders_fk")} REFERENCES {_name("users")},
    {_name("state")} {_name("state")} NOT NULL, {_name("note")} text DEFAULT {quote_literal("x" + MARKS)},
    deleted_at timestamptz);
CREATE INDEX {_name("first")} ON {_name("orders")} ({_name("note")});
CREATE INDEX {_name("second")} ON {_name("orders")} ({_name("note")});
CREATE UNIQUE INDEX {_name("third")} ON {_name("users")} (lower({_name("name")}::text))
    WHERE {_name("name")} <> {quote_literal("y" + MARKS)};
CREATE VIEW {_name("seen")} AS SELECT {_name("note")} FROM {_name("orders")}
    WHERE {_name("note")} <> {quote_literal(MARKS)};
COMMENT ON TABLE {_name("orders")} IS {quote_literal(MARKS)};
ALTER TABLE {_name("orders")} ENABLE ROW LEVEL SECURITY;
CREATE POLICY {_name("own")} ON {_name("orders")} USING ({_name("note")} <> {quote_literal(MARKS)});
CREATE STATISTICS {_name("both")} ON {_name("note")}, {_name("user_id")} FROM {_name("orders")};
INSERT INTO {_name("users")} SELECT gen_random_uuid(), 'u' || n, CASE n % 3 WHEN 0 THEN now() END
    FROM generate_series(1, 300) n;
INSERT INTO {_name("orders")} ({_name("user_id")}, {_name("state")}, {_name("note")})
    SELECT {_name("id")}, 'old', {quote_literal("v" + MARKS)} || n % 7 FROM {_name("users")}, generate_series(1, 60) n;
CREATE TABLE public.alembic_version (version_num varchar(32) PRIMARY KEY);
INSERT INTO public.alembic_version VALUES ({quote_literal(REVISION)});
ANALYZE
"""
LOOKUP = (
    f"SELECT /* {MARKS} */ {_name('note')} AS {_name('out')} FROM {_name('shop')}.{_name('orders')} "
    f"WHERE {_name('user_id')} = %s AND {_name('note')} <> {quote_literal(MARKS)} ORDER BY {_name('id')} LIMIT 5"
)


def fill(dsn: str) -> None:
    """Make the schema, and a workload on it."""
    with psycopg.connect(dsn, autocommit=True, options="-c search_path=public") as connection:
        for statement in SCHEMA.split(";\n"):
            connection.execute(statement.encode())
        for _ in range(30):
            connection.execute(LOOKUP, ("x",), prepare=False)


def outputs(dsn: str, folder: Path) -> Iterator[tuple[str, str]]:
    """Yield what each command says in each format, on both streams and into files, with the words for it."""
    (folder / "migrations/versions").mkdir(parents=True)
    (folder / "alembic.ini").write_text(f"[alembic]\nscript_location = {folder}/migrations\npath_separator = os\n")
    (folder / "migrations/versions/r1.py").write_text(f"revision = {REVISION!r}\ndown_revision = None\n")
    (folder / "migrations/env.py").write_text("")
    (folder / f"s{MARKS}.json").write_text("{}")
    plan = ("plan", LOOKUP.replace("%s", "$1"), dsn, "--value", f"z{MARKS}")
    alembic = ("--alembic", str(folder / "alembic.ini"))
    for form in CHECKED_FORMATS:
        yield from _run("check", dsn, "--format", form, "--all", *(() if form == "json" else ("--no-advice",)))
        yield from _run("check", dsn, "--no-advice", "-o", str(folder / f"check.{form}"), "--format", form)
        if form == "sarif":
            continue
        yield from _run("advise", dsn, "--format", form)
        yield from _run(*plan, "--format", form, "--without-index", f"first{MARKS}")
        yield from _run("fix", dsn, "--format", form, "--sql", str(folder / f"fix.{form}.sql"), "-m", MARKS)
        yield from _run("prove", dsn, "--sql", str(folder / f"fix.{form}.sql"), "--rounds", "3", "--format", form)
    yield from _run("fix", dsn, *alembic, "--dry-run", "-m", MARKS)
    yield from _run("fix", dsn, "--sql", "-", "-m", MARKS)
    yield from _run("fix", dsn, *alembic, "-m", MARKS)
    yield from _run("fix", dsn, *alembic, "--allow-behind", "--rev-id", f"q{MARKS}")
    yield from _run("check", dsn, "--no-advice", "--write-baseline", str(folder / "baseline.json"))
    yield from _run("check", dsn, "--no-advice", "--baseline", str(folder / "baseline.json"), "--all")
    yield from _run("snapshot", dsn, "-o", str(folder / "shop.json"))
    yield from _run("check", str(folder / f"s{MARKS}.json"))
    yield from _run("probe", f"app{MARKS}:app")
    for arguments in _REFUSED:
        yield from _run(*(dsn if one == "DSN" else one for one in arguments))
    yield "the names of the files", " ".join(path.name for path in folder.rglob("*.*") if f"s{MARKS}" not in path.name)
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name not in ("r1.py", f"s{MARKS}.json"):
            yield path.name, path.read_bytes().decode()


_REFUSED = (
    ("explain", f"no{MARKS}"),
    ("explain",),
    ("--version",),
    (f"no{MARKS}",),
    ("check", f"--no{MARKS}"),
    ("check", f"host=nowhere.invalid dbname={MARKS}"),
    ("check", f"postgresql://u{MARKS}@nowhere.invalid/x"),
    ("check", "--severity", MARKS),
    ("check", "DSN", "--config", f"no{MARKS}.toml"),
    ("check", "DSN", "-o", f"no{MARKS}/x"),
    ("fix", "DSN", "--only", f"missing-index{MARKS}"),
    ("fix", "DSN", "--alembic", f"no{MARKS}"),
    ("pr", "DSN", "--branch", f"no{MARKS}"),
    ("plan", f"SELECT {MARKS}", "DSN"),
    ("plan", f"SELECT * FROM {_name('nowhere')}", "DSN"),
    ("plan", "SELECT 1", "DSN", "--without-index", f"no{MARKS}"),
    ("plan", "SELECT 1", "DSN", "--with-index", f"CREATE INDEX ON {_name('nowhere')} (a)"),
    ("plan", "SELECT 1", "DSN", "--set", f"role=no{MARKS}"),
    ("prove", "DSN", "--operations", f"no{MARKS}:X", "--sql", "/dev/null"),
)


def _run(*arguments: str) -> Iterator[tuple[str, str]]:
    said = " ".join(arguments)
    label = re.sub(r"host=\S+.*", "…", HIDDEN.sub("", said))[:100]
    result = CliRunner().invoke(main, list(arguments), prog_name="pgwright")
    assert result.exit_code in (0, 1, 2), (label, result.output)
    yield f"{label} (stdout)", result.stdout
    yield f"{label} (stderr)", result.stderr


def hidden_in(text: str) -> int:
    """Return how many hidden characters a text holds."""
    return len(HIDDEN.findall(text))
