"""Write the pages of the documentation that follow from the code.

- `build_docs.py` writes docs/checks/ from the manuals of the checks, and docs/reference/commands.md from `--help`.
- `build_docs.py --check` writes nothing; its exit code is 1 when one of these pages is out of date.
- `build_docs.py --figures` also runs the example of the README again, and copies the table of operations into the
  README and the tutorial from build/demo/proof.json, which the last `make demo` left.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import re
import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from textwrap import dedent, indent
from typing import Any, get_args

import psycopg
from click import Context
from click.testing import CliRunner

from pgwright.checks import load_checks
from pgwright.cli import main as command_line
from pgwright.cli.commands import NAMES, LazyGroup
from pgwright.embedded import run_server
from pgwright.figures import milliseconds, ratio
from pgwright.model.finding import Check, Subject

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
README = ROOT / "README.md"
PROOF = ROOT / "build" / "demo" / "proof.json"
# The rows, the role and the workload behind the example; the tables stand in the README itself.
EXAMPLE = DOCS / "example" / "shop.sql"
EXAMPLE_CALLS = 40
# Pages with the table of operations.
WITH_TABLE = (README, DOCS / "tutorial.md")

_WRITTEN = "<!-- Written by scripts/build_docs.py from {source}: change that, not this. -->\n"
_WIDTH = 92
_CODE = re.compile(r"(?:^ {4}.*\n|^\n(?= {4}))+", re.MULTILINE)
_SQL = {"ALTER", "COPY", "CREATE", "DELETE", "DROP", "GRANT", "REVOKE", "SELECT", "VACUUM", "WITH"}


def pages() -> dict[Path, str]:
    """Return every page that follows from the code, by its path."""
    checks = load_checks()
    found = {DOCS / "checks" / f"{check.name}.md": _check_page(check) for check in checks}
    found[DOCS / "checks" / "index.md"] = _list_of_checks(checks)
    found[DOCS / "reference" / "commands.md"] = _commands_page()
    return found


def stale(wanted: dict[Path, str]) -> list[Path]:
    """Return the pages that are missing, differ from what the code says, or belong to a check that is gone."""
    differing = [path for path, text in wanted.items() if not path.exists() or path.read_text("utf-8") != text]
    gone = [path for path in (DOCS / "checks").glob("*.md") if path not in wanted]
    return sorted([*differing, *gone])


def write(wanted: dict[Path, str]) -> None:
    """Bring the pages up to date; those that are, stay untouched."""
    for path in stale(wanted):
        if path in wanted:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(wanted[path], "utf-8")
        else:
            path.unlink()


def _check_page(check: Check[Any]) -> str:
    summary, _, body = check.manual.partition("\n")
    source = Path("src", *check.module.split(".")).with_suffix(".py")
    facts = [
        "| subject | severity | confidence |",
        "|---|---|---|",
        f"| {check.subject} | {check.severity} | {check.confidence} |",
    ]
    text = re.sub(r"\((https?://[^\s)]+)\)", r"(<\1>)", body.strip() + "\n")
    text = _CODE.sub(lambda code: _fenced(code[0]), text)
    note = "A finding may be more or less severe or sure than that, where its figures say so."
    head = [_WRITTEN.format(source=source), f"# {check.name}", "", summary, "", *facts, "", note, "", ""]
    return "\n".join(head) + text


def _fenced(block: str) -> str:
    code, gap = dedent(block).strip("\n"), "\n" * block.startswith("\n")
    return f"{gap}```{_language(code)}\n{code}\n```\n"


def _language(code: str) -> str:
    words = code.split()
    if words[0] in _SQL:
        return "sql"
    if words[0].startswith("[["):
        return "toml"
    try:
        ast.parse(code)
    except SyntaxError:
        return "text"
    return "python"


def _list_of_checks(checks: tuple[Check[Any], ...]) -> str:
    lines = [
        _WRITTEN.format(source="the manuals of the checks"),
        "# Checks",
        "",
        "Each check asks one question of a database or an app; `pgwright explain NAME` prints its page.",
        "Severity is how bad a fault is, confidence how sure pgwright is that it is one.",
        "",
    ]
    order = get_args(Subject)
    by_subject = sorted(checks, key=lambda check: (order.index(check.subject), check.name))
    for subject, group in groupby(by_subject, key=lambda check: check.subject):
        lines += [f"## {subject}", "", "| check | severity | confidence | |", "|---|---|---|---|"]
        for check in group:
            summary = check.manual.splitlines()[0]
            lines.append(f"| [{check.name}]({check.name}.md) | {check.severity} | {check.confidence} | {summary} |")
        lines.append("")
    return "\n".join(lines)


def _commands_page() -> str:
    parts = [
        _WRITTEN.format(source="what `pgwright COMMAND --help` prints"),
        "# Commands",
        "",
        "What each command prints with `--help`.",
        "",
    ]
    for arguments in _every_command():
        title = " ".join(["pgwright", *arguments])
        parts += [f"## {title}", "", "```text", help_of(*arguments).rstrip(), "```", ""]
    return "\n".join(parts)


def _every_command() -> list[list[str]]:
    """Return what is typed for each command and each group of them, the root first."""
    found: list[list[str]] = [[]]
    for name in NAMES:
        found.append([name])
        command = command_line.get_command(Context(command_line), name)
        if isinstance(command, LazyGroup):
            found += [[name, inner] for inner in command.names]
    return found


def help_of(*arguments: str) -> str:
    """Return what a command prints with --help."""
    asked = CliRunner().invoke(command_line, [*arguments, "--help"], prog_name="pgwright", terminal_width=_WIDTH)
    if asked.exit_code:
        raise RuntimeError(asked.output)
    return asked.output


def example_output(schema: str) -> str:
    """Run `pgwright check` on the shop of the README and return what it prints.

    Args:
        schema: the tables, as the README shows them.
    """
    setup, _, query = EXAMPLE.read_text("utf-8").partition("-- The workload\n")
    with run_server(settings={"shared_preload_libraries": "pg_stat_statements"}) as server:
        server.create_database("shop")
        with server.admin("shop") as connection:
            connection.execute(schema.encode())
            connection.execute(setup.encode())
            connection.execute("VACUUM ANALYZE")
            connection.execute("SELECT pg_stat_statements_reset()")
        with psycopg.connect(server.dsn("shop"), user="shop_app", autocommit=True) as connection:
            for user in range(1, EXAMPLE_CALLS + 1):
                connection.execute(query.encode(), {"user": user, "limit": 20})
        environment = {"DATABASE_URL": server.url("shop"), "COLUMNS": "100", "NO_COLOR": "1"}
        ran = CliRunner().invoke(command_line, ["check"], prog_name="pgwright", env=os.environ | environment)
    if ran.exit_code != 1:
        raise RuntimeError(ran.output)
    return ran.stdout


def schema_of_readme() -> str:
    """Return the first SQL block of the README: the tables of its example."""
    found = re.search(r"^```sql\n(.*?)^```", README.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    if found is None:
        raise RuntimeError(f"{README} holds no SQL block")
    return found[1]


def marked(text: str, name: str) -> str:
    """Return what stands between the marks of a part that is copied from output."""
    return _marks(name).search(text)[2]  # type: ignore[index]


def _marks(name: str) -> re.Pattern[str]:
    return re.compile(rf"(<!-- begin {name} -->\n)(.*?)(<!-- end {name} -->)", re.DOTALL)


def _replace_marked(path: Path, name: str, text: str) -> None:
    old = path.read_text("utf-8")
    new = _marks(name).sub(lambda found: found[1] + text + found[3], old)
    if new != old:
        path.write_text(new, "utf-8")


def _operations_table(proof: Path) -> str:
    document = json.loads(proof.read_text("utf-8"))
    lines = [
        "| operation | before | after | ratio | queries before | queries after | results equal | |",
        "|---|--:|--:|--:|--:|--:|---|---|",
    ]
    lines += [
        f"| {one['name']} | {milliseconds(one['before_ms'])} | {milliseconds(one['after_ms'])} | {ratio(one['ratio'])} "
        f"| {one['queries_before']} | {one['queries_after']} | {'yes' if one['results_equal'] else 'NO'} "
        f"| {one['verdict'].replace('same', 'does not help')} |"
        for one in document["operations"]
    ]
    return "\n".join([*lines, "", _circumstances(document), *map(str, document["conclusion"]), ""])


def _circumstances(document: dict[str, dict[str, int]]) -> str:
    runs = [timing["runs"] for one in document["operations"] for timing in (one["before"], one["after"])]  # type: ignore[index]
    rows = document["row_counts"].values()
    return (
        f"Measured by `make demo`: medians of {' to '.join(map(str, sorted({min(runs), max(runs)})))} runs, before and "
        f"after in turn, warm, on "
        f"PostgreSQL {document['server_version']} with {sum(rows):,} rows in {len(rows)} tables."
    )


def _refresh_figures() -> Iterator[str]:
    _replace_marked(README, "example", f"```console\n$ pgwright check\n{example_output(schema_of_readme())}```\n")
    yield "the example of the README"
    if PROOF.exists():
        for path in WITH_TABLE:
            _replace_marked(path, "operations", _operations_table(PROOF))
        yield f"the table of operations, from {PROOF.relative_to(ROOT)}"


def run() -> int:
    parser = argparse.ArgumentParser(description="Write the pages of the documentation that follow from the code.")
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--check", action="store_true", help="write nothing; exit code 1 when a page is out of date")
    group.add_argument("--figures", action="store_true", help="also copy output into the README and the tutorial")
    asked = parser.parse_args()
    wanted = pages()
    if asked.check:
        old = [str(path.relative_to(ROOT)) for path in stale(wanted)]
        if old:
            print("out of date; run scripts/build_docs.py:\n" + indent("\n".join(old), "  "), file=sys.stderr)
        return int(bool(old))
    write(wanted)
    if asked.figures:
        for what in _refresh_figures():
            print(f"wrote {what}")
    return 0


if __name__ == "__main__":
    sys.exit(run())
