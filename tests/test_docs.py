"""The documentation says what the code does: pages, figures, links, settings."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Iterator
from configparser import ConfigParser
from dataclasses import fields
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from pgwright.checks import load_checks
from pgwright.checks.scorecard import CONFIDENCE_WEIGHTS, MOST_TIMES, SEVERITY_POINTS
from pgwright.cli.commands import NAMES
from pgwright.config import METHODS, Config
from pgwright.model.finding import Check
from pgwright.model.policy import ClientPool
from pgwright.report.kind import KINDS, load_kind
from pgwright.report.schema import schema
from pgwright_runtime import Timeouts, create_async_engine, create_engine
from pgwright_runtime.guard import GuardRules
from pgwright_runtime.metrics import METRICS, Metric
from pgwright_runtime.replicas import ReplicaSettings

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
AT_ROOT = tuple(
    ROOT / name for name in ("README.md", "ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")
)
OF_RUNTIME = (ROOT / "runtime" / "README.md", ROOT / "runtime" / "CHANGELOG.md")
PAGES = (*AT_ROOT, *OF_RUNTIME, *sorted(DOCS.rglob("*.md")), *sorted((ROOT / "examples").glob("*/README.md")))
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def build_docs() -> ModuleType:
    spec = spec_from_file_location("build_docs", ROOT / "scripts" / "build_docs.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_generated_pages_are_up_to_date(build_docs: ModuleType) -> None:
    assert build_docs.stale(build_docs.pages()) == [], "run: python scripts/build_docs.py"


@pytest.mark.parametrize("check", load_checks(), ids=lambda check: check.name)
def test_every_check_has_a_page_that_the_list_names(check: Check[Any]) -> None:
    assert _read(DOCS / "checks" / f"{check.name}.md").count(f"# {check.name}\n") == 1
    assert f"[{check.name}]({check.name}.md)" in _read(DOCS / "checks" / "index.md")


@pytest.mark.parametrize("command", NAMES)
def test_every_command_has_its_section_and_its_line_in_the_readme(command: str) -> None:
    assert f"## pgwright {command}\n" in _read(DOCS / "reference" / "commands.md")
    assert f"| `pgwright {command} " in _read(ROOT / "README.md")


@pytest.mark.parametrize("key", [field.name for field in fields(Config)])
def test_every_setting_is_documented(key: str) -> None:
    assert f"\n| `{key}` |" in _read(DOCS / "reference" / "configuration.md")


@pytest.mark.parametrize("key", [field.name for field in fields(ClientPool)])
def test_every_setting_of_a_pool_is_documented(key: str) -> None:
    pools = _read(DOCS / "reference" / "configuration.md").split("## pools")[1]
    assert f"\n| `{key}` |" in pools


def _json_sections() -> dict[str, str]:
    _, *parts = re.split(r"^## (.+)\n", _read(DOCS / "reference" / "json.md"), flags=re.MULTILINE)
    return dict(zip(parts[::2], parts[1::2], strict=True))


def test_every_kind_of_json_document_has_its_section() -> None:
    sections = _json_sections()
    assert set(sections) - {"What stays", "Every document"} == set(KINDS)
    for kind in KINDS:
        assert f'`"{kind}"`' in sections["Every document"]


@pytest.mark.parametrize("kind", KINDS)
def test_every_key_of_a_json_document_is_documented(kind: str) -> None:
    """In its own section, or where that says to look."""
    sections, whole = _json_sections(), schema(load_kind(kind))
    told = sections["Every document"] + sections[kind]
    told += "".join(sections[other] for other in ("diagnosis", "fix", "proof") if f"(#{other})" in sections[kind])
    keys = {key for record in (whole, *whole["$defs"].values()) for key in record["properties"]}
    assert {key for key in keys if f"`{key}`" not in told} == set()


def test_scorecard_page_has_the_formula_of_the_code() -> None:
    page = _read(DOCS / "reference" / "scorecard.md")
    for word, number in (*SEVERITY_POINTS.items(), *CONFIDENCE_WEIGHTS.items()):
        assert f"| {word} | {number} |" in page
    assert f"more than {MOST_TIMES} times its dearest finding" in page


def test_readme_shows_what_the_command_prints(build_docs: ModuleType) -> None:
    shown = build_docs.marked(_read(ROOT / "README.md"), "example")
    printed = build_docs.example_output(build_docs.schema_of_readme())
    assert _steady(shown) == _steady(f"```console\n$ pgwright check\n{printed}```\n"), (
        "run: python scripts/build_docs.py --figures"
    )


def _steady(text: str) -> str:
    """Return an output without what depends on the time, the version and the machine."""
    text = re.sub(r"PostgreSQL \S+, read \S+, planned on .*", "PostgreSQL 18, read at some time", text)
    text = re.sub(r"saves [\d.,]+ \w+( a day| a call, [\d.,]+ % of the time)?", "saves some time", text)
    # Of the slowest statements the first is the example's; the others are what read the database.
    return re.sub(r"Slowest statements .*\n *\S+ % +\S+ \w+(.*)\n(?:.+\n)*", r"Slowest statements:\1\n", text)


def test_tables_of_the_demo_name_the_operations_that_it_runs(build_docs: ModuleType) -> None:
    operations = pytest.importorskip("notebook.operations")
    wanted = [operation.name for operation in operations.OPERATIONS]
    for page in build_docs.WITH_TABLE:
        table = build_docs.marked(_read(page), "operations")
        assert re.findall(r"^\| (\w+) \|(?! before)", table, re.MULTILINE) == wanted


def test_architecture_page_is_true_to_the_import_rules_and_the_folders() -> None:
    page = _read(ROOT / "ARCHITECTURE.md")
    rules = ConfigParser()
    rules.read(ROOT / ".importlinter")
    layers = rules["importlinter:contract:house"]["layers"].strip()
    assert f"```text\n{layers}\n```" in page
    package = ROOT / "src" / "pgwright"
    names = {path.name for path in package.iterdir() if path.is_dir() or path.suffix == ".py"}
    unnamed = {name for name in names if not name.startswith("__")} - set(re.findall(r"^  (\w+(?:\.py)?)", page, re.M))
    assert unnamed == set()


def test_architecture_page_names_every_folder_at_the_root() -> None:
    page = _read(ROOT / "ARCHITECTURE.md")
    tracked = {path.parent.name for pattern in ("*/*.py", "*/*.toml", "*/*.md") for path in ROOT.glob(pattern)}
    folders = {name for name in tracked if not name.startswith((".", "_")) and name not in ("build", "site", "dist")}
    assert folders - set(re.findall(r"^(\w+)/ ", page, re.MULTILINE)) == set()


def test_readme_names_every_access_method_that_the_advisor_proposes() -> None:
    limits = _read(ROOT / "README.md").split("\n## Limits\n")[1]
    (sentence,) = re.findall(r"^- The advisor proposes (.+?);", limits, re.MULTILINE)
    assert set(METHODS) <= set(re.findall(r"\w+", sentence.lower().replace("b-tree", "btree")))


def _python(page: Path) -> Iterator[ast.Module]:
    for code in re.findall(r"^```python\n(.*?)^```$", _read(page), re.MULTILINE | re.DOTALL):
        yield ast.parse(code, str(page))
    for session in re.findall(r"^```pycon\n(.*?)^```$", _read(page), re.MULTILINE | re.DOTALL):
        yield ast.parse("\n".join(re.findall(r"^(?:>>>|\.\.\.) ?(.*)$", session, re.MULTILINE)), str(page))


def _is_ours(module: str) -> bool:
    return module.split(".")[0] in ("pgwright", "pgwright_runtime")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_python_in_the_documentation_imports_and_calls_what_is_there(page: Path) -> None:
    """Each name that a page imports from us exists, and takes the keywords that the page calls it with."""
    known: dict[str, Callable[..., Any]] = {}
    for node in (node for code in _python(page) for node in ast.walk(code)):
        if isinstance(node, ast.Import):
            for name in node.names:
                assert not _is_ours(name.name) or import_module(name.name)
        elif isinstance(node, ast.ImportFrom) and _is_ours(node.module or ""):
            known |= {name.name: getattr(import_module(node.module or ""), name.name) for name in node.names}
    for node in (node for code in _python(page) for node in ast.walk(code)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in known:
            taken = inspect.signature(known[node.func.id]).parameters
            assert {keyword.arg for keyword in node.keywords if keyword.arg} <= set(taken), ast.unparse(node)


@pytest.mark.parametrize("function", [create_engine, create_async_engine])
def test_every_parameter_of_an_engine_is_documented_with_its_default(function: Callable[..., object]) -> None:
    page = _read(DOCS / "reference" / "runtime.md")
    for name, parameter in inspect.signature(function).parameters.items():
        default = parameter.default
        shown = {inspect.Parameter.empty: "", "": '`""`', Timeouts(): "`Timeouts()`"}.get(default, f"{default}")
        written = f"**{name}" if parameter.kind is parameter.VAR_KEYWORD else name
        assert re.search(rf"^\| `{re.escape(written)}` \| ?{re.escape(shown)} \|", page, re.MULTILINE), name


def test_every_timeout_is_documented_with_its_default() -> None:
    page = _read(DOCS / "reference" / "runtime.md")
    for field in fields(Timeouts):
        assert f"\n| `{field.name}` | {field.default:,} |" in page


def test_every_setting_of_replicas_and_every_limit_of_the_guard_is_documented_with_its_default() -> None:
    replicas, guard = (_read(DOCS / "how-to" / f"{name}.md") for name in ("replicas", "guard"))
    for field in fields(ReplicaSettings):
        assert re.search(rf"`{field.name}`(?: \(|, ){field.default}\)", replicas), field.name
    for field in fields(GuardRules):
        assert f"`{field.name}={field.default}`" in guard or f"`{field.name}` " in guard, field.name


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_every_metric_is_documented(metric: Metric) -> None:
    assert any(f"`{metric.name}`" in _read(page) for page in (DOCS / "how-to").glob("*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_internal_links_lead_somewhere(page: Path) -> None:
    text = FENCE.sub("", _read(page))
    targets = [target for target in re.findall(r"\]\(([^)\s]+)\)", text) if not target.startswith("http")]
    for target in targets:
        path, _, anchor = target.partition("#")
        linked = (page.parent / path) if path else page
        assert linked.exists(), target
        if anchor:
            assert anchor in _anchors(linked), target


def _anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", _read(page)), re.MULTILINE)
    return {re.sub(r"[\s-]+", "-", re.sub(r"[^\w\s-]", "", heading).strip().lower()) for heading in headings}


def test_one_sentence_a_line() -> None:
    """In lists and tables several may share a line; what is written by hand as a paragraph has one."""
    written = [page for page in (*AT_ROOT, *OF_RUNTIME, *DOCS.rglob("*.md")) if page.parent.name != "checks"]
    for page in written:
        text = FENCE.sub("", _read(page))
        text = re.sub(r"<!-- begin \w+ -->.*?<!-- end \w+ -->", "", text, flags=re.DOTALL)
        lines = text.splitlines()
        for above, line in pairwise(["", *lines]):
            if line and line[0].isalpha() and not above.startswith(("-", "1")):
                assert not re.search(r"[.!?] [A-Z]", line), f"{page.relative_to(ROOT)}: {line}"


@pytest.mark.parametrize("page", ["README.md", "SECURITY.md", "docs/index.md", "docs/reference/commands.md"])
def test_what_promises_to_write_nothing_names_the_commands_that_delete(page: str) -> None:
    text = " ".join(_read(ROOT / page).split())
    assert re.search("never writes to the database|Nothing is ever written to the database|only read", text)
    assert re.search("`retain` and `erase`", text)
