"""The mutation tool on a project of three lines: what tests pin is killed, what they do not survives."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable
from pathlib import Path
from textwrap import dedent

import pytest

from scripts.mutants.__main__ import run
from scripts.mutants.recorded import Recorded
from scripts.mutants.report import Report, gone, read_explained, survivors_in_words, write
from scripts.mutants.sample import Mutant, draw, mutants_of, sources
from scripts.mutants.workshop import Workshop, workshops

CODE = '''
"""A shop."""

FREE_FROM = 50


def is_free(total: int) -> bool:
    """Tell whether it is sent for nothing."""
    return total >= FREE_FROM


def discount(total: int) -> int:
    return 5 if total > 10 else 0


def forever() -> int:
    left = 3
    while left > 0:
        left -= 1
    return left
'''
TESTS = """
import pytest
from shop.price import discount, forever, is_free


@pytest.fixture(scope="module")
def cheap():
    return is_free(49)


def test_edge(cheap):
    assert is_free(50) and not cheap


def test_discount():
    assert discount(100) == 5


def test_forever():
    assert forever() == 0


def test_broken():
    assert is_free(1)
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name, text in {"src/shop/price.py": CODE, "tests/test_price.py": TESTS, "src/shop/__init__.py": ""}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "pyproject.toml").write_text("[tool.pytest.ini_options]\naddopts = '--doctest-modules'\n")
    (tmp_path / ".gitignore").write_text("build/\n")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    return tmp_path


def of(code: str, tmp_path: Path) -> list[Mutant]:
    (tmp_path / "code.py").write_text(dedent(code))
    return list(mutants_of(tmp_path, "code.py"))


def changes(mutants: Iterable[Mutant]) -> set[tuple[str, str]]:
    return {(mutant.was, mutant.now) for mutant in mutants}


def test_a_project_with_known_fates(project: Path) -> None:
    wanted = {
        ("return total >= FREE_FROM", "return total > FREE_FROM"): "killed",
        ("FREE_FROM = 50", "FREE_FROM = 51"): "killed",
        ("return 5 if total > 10 else 0", "return 5 if total >= 10 else 0"): "survived",
        ("left -= 1", "left += 1"): "timeout",
    }
    found = {(one.was, one.now): one for one in mutants_of(project, "src/shop/price.py")}
    sample = [found[change] for change in wanted]
    outcomes = run(project, {"src/shop": ["tests"]}, sample, jobs=2, start_seconds=6.0)
    assert {(one.mutant.was, one.mutant.now): one.fate for one in outcomes} == wanted
    by_change = {(one.mutant.was, one.mutant.now): one for one in outcomes}
    edge = by_change["return total >= FREE_FROM", "return total > FREE_FROM"]
    assert edge.tests_covering == 1, "test_broken fails without a mutant; of the shared fixture only its users count"
    recorded = json.loads((project / "build/mutants/tests.test_price.py.json").read_text())
    assert recorded["failed"] == ["tests/test_price.py::test_broken"]
    assert (project / "src/shop/price.py").read_text() == CODE


def test_what_is_not_mutated(tmp_path: Path) -> None:
    code = '''
        """Docstring."""
        from __future__ import annotations
        from typing import TYPE_CHECKING, Literal
        __all__ = ["f"]
        Kind = Literal["a", "b"]
        if TYPE_CHECKING:
            X = 1

        @decorated(1)
        def f(a: Literal["x"]) -> Literal["y"]:
            """Docstring."""
            assert a is not None
            logger.info("said")
            b: Literal["z"] = a
            raise ValueError(f"no {a}", "no")
    '''
    assert changes(of(code, tmp_path)) == {
        ('logger.info("said")', "pass"),
        ('raise ValueError(f"no {a}", "no")', "pass"),
    }


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("a = b < c", {"a = b <= c"}),
        ("a = b is not c", {"a = b is c"}),
        ("a = b not in c", {"a = b in c"}),
        ("a = b and c", {"a = b or c"}),
        ("a = not (b or c)", {"a = (b or c)", "a = not (b and c)"}),
        ("a = 0", {"a = 1"}),
        ("a = 7", {"a = 8", "a = 6"}),
        ("a = 20_000", {"a = 0"}),
        ("a = True", {"a = False"}),
        ("a = 'é' + b", {"a = 'XXéXX' + b"}),
        ("a = b - c * d", {"a = b + c * d", "a = b - c / d"}),
        ("a = min(b)", {"a = max(b)"}),
        ("a = b.startswith(c)", {"a = b.endswith(c)"}),
        ("a = b[0]", {"a = b[-1]", "a = b[1]"}),
        ("a = b[c:d]", {"a = b[:d]", "a = b[c:]"}),
        ("a = [b for b in c if d]", {"a = [b for b in c if True]"}),
        ("if a: b()", {"if True: b()", "if False: b()", "if a: pass"}),
        ("for a in b: continue", {"for a in b: break"}),
        ("a.b = c", {"pass"}),
        ("a = f'{b} c'", set()),
    ],
)
def test_operators(code: str, expected: set[str], tmp_path: Path) -> None:
    assert {now for _, now in changes(of(code, tmp_path))} == expected


def test_a_default_is_noticed_by_tests_of_the_body(tmp_path: Path) -> None:
    (default,) = of("def f(a=True):\n    b\n    c\n", tmp_path)
    assert (default.lines, default.names, default.function) == ((2, 3), (), "f")


def test_a_sample_is_the_same_for_a_seed_and_overlaps_when_code_changes(tmp_path: Path) -> None:
    before = of("\n".join(f"def f{number}(): return {number + 10}" for number in range(100)), tmp_path)
    drawn = [mutant.key for mutant in draw(tmp_path, before, 50, seed=1)]
    assert drawn == [mutant.key for mutant in draw(tmp_path, before, 50, seed=1)]
    assert drawn != [mutant.key for mutant in draw(tmp_path, before, 50, seed=2)]
    after = of("\n\n" + "\n".join(f"def f{number}(): return {number + 10}" for number in range(90)), tmp_path)
    assert len({mutant.key for mutant in draw(tmp_path, after, 50, seed=1)} & set(drawn)) >= 40


def test_survivors_are_explained_or_the_report_is_bad(project: Path) -> None:
    survivor = ("return 5 if total > 10 else 0", "return 5 if total >= 10 else 0")
    sample = [one for one in mutants_of(project, "src/shop/price.py") if (one.was, one.now) == survivor]
    outcomes = run(project, {"src/shop": ["tests"]}, sample, jobs=1)
    file = project / "explained.toml"
    entry = (
        f'[[mutant]]\nfile = "src/shop/price.py"\nfunction = "discount"\nwas = "{survivor[0]}"\nnow = "{survivor[1]}"\n'
    )
    file.write_text(entry + 'why = "ten is never charged"\n')
    explained = read_explained(file)
    assert not Report(outcomes, {}, 1, 9, 1.0, bar=0.0).is_good
    assert Report(outcomes, explained, 1, 9, 1.0, bar=0.0).is_good
    assert not Report(outcomes, explained, 1, 9, 1.0, bar=0.5).is_good, "explained is not killed"
    write(Report(outcomes, explained, 1, 9, 1.0, bar=0.5), project / "build/mutants.json")
    (words,) = survivors_in_words(json.loads((project / "build/mutants.json").read_text()))
    assert "src/shop/price.py:13 discount (1 of 1 tests)" in words
    assert "ten is never charged" in words
    assert gone(explained, sample) == []
    assert len(gone(explained, [])) == 1
    file.write_text(entry + 'why = ""\n')
    with pytest.raises(ValueError, match="no reason"):
        read_explained(file)


def test_a_target_that_is_gone_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"'src/absent' does not exist. Edit scripts/mutants/targets.py"):
        sources(tmp_path, ["src/absent"])


def test_an_interrupted_run_leaves_nothing(project: Path) -> None:
    def interrupted() -> Path:
        with workshops(project, 1) as (workshop,):
            assert (workshop.tree / "src/shop/price.py").exists()
            with workshop.changed("src/shop/price.py", b"spoiled"):
                raise KeyboardInterrupt(workshop)

    with pytest.raises(KeyboardInterrupt) as raised:
        interrupted()
    workshop = raised.value.args[0]
    assert isinstance(workshop, Workshop)
    assert not workshop.home.parent.exists()
    assert (project / "src/shop/price.py").read_text() == CODE


def test_fast_cases_come_before_slow_tests_and_other_tests_before_slow_cases(tmp_path: Path) -> None:
    (mutant,) = of("def f():\n    return True", tmp_path)[1:]
    seconds = {"t::fast[1]": 0.01, "t::fast[2]": 0.01, "t::slow[1]": 2.0, "t::slow[2]": 2.0, "t::other": 3.0, "u": 70.0}
    known = Recorded(seconds, {("code.py", 2): set(seconds)}, (), {})
    assert known.chosen(mutant) == ["t::fast[1]", "t::fast[2]", "t::slow[1]", "t::other", "t::slow[2]"]
