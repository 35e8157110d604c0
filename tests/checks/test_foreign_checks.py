"""A company's own checks: a distribution on the path, in processes that know nothing else of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from tests.support.database import Database

CHECK = '''
"""Find tables without an owner's column.

## What it does

Reports a table that has no `tenant_id`.
"""

from pgwright import Check, Evidence, Snapshot


def find(snapshot):
    for table in snapshot.tables:
        if "tenant_id" not in table.column_by_name:
            yield CHECK.found(table.name.short, "No tenant owns its rows.", evidence=[Evidence("columns", "none")],
                              advice="Add tenant_id.")


CHECK = Check(__name__, reads=Snapshot, needs=("tables",), severity="high", confidence="certain", find=find, {subject})
'''


class Site:
    """A folder on the path of Python, as pip would leave it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def install(self, value: str, files: dict[str, str], name: str = "acme-checks") -> None:
        """Put a distribution there, whose entry point names `value`."""
        for path, text in files.items():
            (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / path).write_text(dedent(text).lstrip())
        about = self.folder / f"{name.replace('-', '_')}-1.2.dist-info"
        about.mkdir()
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n")
        (about / "entry_points.txt").write_text(f"[pgwright.checks]\nhouse = {value}\n")

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PYTHONPATH": str(self.folder), "COLUMNS": "100"}
        command = [sys.executable, "-m", "pgwright", *arguments]
        return subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False, timeout=120
        )


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


@pytest.fixture
def shop(database: Database) -> Database:
    database.execute("CREATE TABLE orders (id int PRIMARY KEY)")
    return database


MODULE = {"acme_rules/__init__.py": "", "acme_rules/no_tenant.py": CHECK.format(subject='subject="security"')}


def test_its_findings_go_the_way_of_all_others(site: Site, shop: Database) -> None:
    site.install("acme_rules.no_tenant", MODULE)
    key = "no-tenant:orders"
    listed = site.run("explain")
    assert "  no-tenant " in listed.stdout, listed.stderr
    assert "owner's column. [acme-checks 1.2 (entry point 'house')]" in listed.stdout
    assert site.run("explain", "no-tenant").stdout.startswith(
        "# no-tenant  (security, high, certain)\n\nInstalled by acme-checks 1.2 (entry point 'house').\n\nFind tables "
    )
    check = ("check", shop.dsn, "--no-advice", "--severity", "high")
    found = site.run(*check, "--format", "json")
    document = json.loads(found.stdout)
    assert found.returncode == 1
    assert "no-tenant" in document["checks_run"]
    assert key in {finding["key"] for finding in document["findings"]}
    security = next(score for score in document["scorecard"] if score["subject"] == "security")
    assert {"points": 3.0, "reason": "no-tenant: orders"} in security["lost"]
    log = json.loads(site.run(*check, "--format", "sarif").stdout)
    assert "no-tenant" in {result["ruleId"] for result in log["runs"][0]["results"]}
    assert site.run(*check, "--write-baseline", "known.json").returncode == 0
    assert site.run(*check, "--baseline", "known.json").returncode == 0
    (site.folder / "pyproject.toml").write_text(f'[tool.pgwright]\nallow = ["{key}"]\n')
    allowing = json.loads(site.run(*check, "--format", "json").stdout)
    assert allowing["allowed"] == [key]
    assert "there is no check" in site.run("fix", shop.dsn, "--only", "no-tenent").stderr


def test_a_package_is_walked_and_its_folders_are_the_subjects(site: Site) -> None:
    site.install(
        "acme_checks",
        {
            "acme_checks/__init__.py": "",
            "acme_checks/words.py": "WORDS = ()",
            "acme_checks/keys/__init__.py": "",
            "acme_checks/keys/no_tenant.py": CHECK.format(subject=""),
            "acme_checks/vacuum/__init__.py": "from acme_checks.keys.no_tenant import CHECK",
            "acme_checks/vacuum/stale_rows.py": CHECK.format(subject=""),
        },
    )
    lines = site.run("explain").stdout.splitlines()
    assert lines.index("keys") < next(n for n, line in enumerate(lines) if line.startswith("  no-tenant "))
    assert site.run("explain", "stale-rows").stdout.startswith("# stale-rows  (vacuum, ")


@pytest.mark.parametrize(
    ("value", "text", "said"),
    [
        ("acme_rules.no_tenant", "import no_such_module", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("acme_rules.no_tenant", "1 / 0", "ZeroDivisionError: division by zero"),
        ("acme_rules.gone", "", "ModuleNotFoundError: No module named 'acme_rules.gone'"),
        ("acme_rules.no_tenant", '"""Find."""', "'acme_rules.no_tenant' holds no CHECK"),
        ("acme_rules.no_tenant", "CHECK = {}", "CHECK of 'acme_rules.no_tenant' is dict, no pgwright.Check"),
        ("acme_rules.no_tenant:CHECK", "CHECK = {}", "expected a module, got dict"),
        ("acme_rules.no_tenant", CHECK.format(subject=""), "the check 'no-tenant' has no subject: state it"),
        ("acme_rules.no_tenant", CHECK.format(subject="subject='keys'").partition('"""\n\nfrom')[2].join(("from", "")),
         "has no docstring, which is the manual of its check"),
        ("acme_rules.no_tenant", CHECK.format(subject="subject='keys'").replace('("tables",)', '("table",)'),
         "needs ['table'], no fields of Snapshot"),
        ("acme_rules.no_tenant", CHECK.format(subject="subject='keys'").replace('"high"', '"critical"'),
         "the severity of the check 'no-tenant' is 'critical'; known: high, medium"),
        ("acme_rules.no_tenant", CHECK.format(subject="subject='keys'").replace('"certain"', '"sure"'),
         "the confidence of the check 'no-tenant' is 'sure'"),
        ("acme_rules.no_tenant", CHECK.format(subject="subject='keys'").replace("reads=Snapshot", "reads=dict"),
         "reads <class 'dict'>; expected Snapshot"),
        ("acme_rules.no_tenant", "import sys; sys.exit(0)", "SystemExit: 0"),
    ],
)  # fmt: skip
def test_what_cannot_be_loaded_names_the_distribution(site: Site, value: str, text: str, said: str) -> None:
    site.install(value, {"acme_rules/__init__.py": "", "acme_rules/no_tenant.py": text})
    ran = site.run("explain")
    assert ran.returncode == 2
    assert ran.stderr.startswith("pgwright: cannot use the checks of acme-checks 1.2 (entry point 'house'): ")
    assert said in ran.stderr
    assert ran.stderr.count("\n") == 1


def test_a_name_that_is_taken_names_both(site: Site) -> None:
    site.install("acme_rules", {"acme_rules/__init__.py": "", "acme_rules/keys/__init__.py": "",
                                "acme_rules/keys/unused_index.py": CHECK.format(subject="")})  # fmt: skip
    ran = site.run("explain")
    assert ran.returncode == 2
    assert "acme-checks 1.2 (entry point 'house')" in ran.stderr
    assert "'acme_rules.keys.unused_index' is a second check 'unused-index'" in ran.stderr
    assert "'pgwright.checks.indexes.unused_index' of pgwright" in ran.stderr


def test_main_of_a_package_is_not_run(site: Site) -> None:
    main = {"acme_rules/__main__.py": "import sys; sys.exit(0)"}
    site.install("acme_rules", MODULE | main)
    ran = site.run("explain")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "  no-tenant " in ran.stdout


def test_a_setting_leaves_them_out_unread(site: Site) -> None:
    site.install("acme_rules.no_tenant", {"acme_rules/__init__.py": "1 / 0"})
    assert site.run("explain").returncode == 2
    (site.folder / "pyproject.toml").write_text("[tool.pgwright]\nplugins = false\n")
    ran = site.run("explain")
    assert (ran.returncode, ran.stderr) == (0, "")
    # The checks are named before the options that take their names are read, wherever --config stands.
    asked = site.run("fix", "none.json", "--only", "unused-index", "--config", "pyproject.toml")
    assert "acme" not in asked.stderr


def test_they_are_loaded_before_the_database_is_read(site: Site) -> None:
    site.install("acme_rules.no_tenant", {"acme_rules/__init__.py": "1 / 0"})
    code = "import pgwright; pgwright.check('host=/nowhere')"
    environment = {**os.environ, "PYTHONPATH": str(site.folder)}
    ran = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert "BrokenCheck: cannot use the checks of acme-checks 1.2" in ran.stderr


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("table.no_such_thing", "the check 'no-tenant' failed: AttributeError"),
        ("sys.exit(0)", "the check 'no-tenant' failed: SystemExit: 0"),
        ("(yield 'a string')", "the check 'no-tenant' yields str, no Finding and no NotExamined"),
        ("(yield CHECK.found('x', 'y', evidence=[], advice='z', severity='critical'))", "is 'critical'; known: high"),
    ],
)
def test_a_check_that_fails_names_the_distribution(site: Site, shop: Database, answer: str, said: str) -> None:
    text = f"({answer} or ())"
    broken = (
        CHECK.format(subject="subject='keys'")
        .replace("table.column_by_name", text)
        .replace("\nfrom", "\nimport sys\nfrom", 1)
    )
    site.install("acme_rules.no_tenant", {"acme_rules/__init__.py": "", "acme_rules/no_tenant.py": broken})
    ran = site.run("check", shop.dsn, "--no-advice")
    assert ran.returncode == 2
    assert "acme-checks 1.2" in ran.stderr
    assert said in ran.stderr
