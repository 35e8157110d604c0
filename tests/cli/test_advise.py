from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pgwright.advisor import advisor
from pgwright.advisor.goal import Goal
from pgwright.model.advice import Advice
from pgwright.model.snapshot import Snapshot
from tests.cli.conftest import Run
from tests.support.database import Database

DEFAULT = Goal()
answer = advisor.advise


@pytest.fixture
def goals(monkeypatch: pytest.MonkeyPatch) -> list[Goal]:
    """What the advisor was asked for; it answers as ever."""
    asked: list[Goal] = []

    def listening(snapshot: Snapshot, goal: Goal = DEFAULT, **more: Any) -> Advice:
        asked.append(goal)
        return answer(snapshot, goal, **more)

    monkeypatch.setattr("pgwright.advisor.advisor.advise", listening)
    return asked


def test_the_flags_reach_the_advisor(run: Run, shop: Database, goals: list[Goal]) -> None:
    flags = ["--budget=64MB", "--until=2%", "--weight=time", "--deadline=5m", "--max-columns=2", "--risky"]
    result = run("advise", shop.dsn, *flags, "--method", "btree", "--method", "BRIN", "--format", "json")
    document = json.loads(result.stdout)
    (goal,) = goals
    assert goal == Goal(64 * 2**20, 0.02, "time", 300.0, frozenset({"btree", "brin"}), 2, takes_risks=True)
    assert document["budget_bytes"] == 64 * 2**20
    assert document["indexes"][0]["table"] == "public.orders"


def test_settings_hold_for_check_and_fix_too_and_a_flag_beats_them(
    run: Run, shop: Database, goals: list[Goal], tmp_path: Path
) -> None:
    settings = 'until = 0.5\nweight = "equal"\ndeadline = "20s"\nmethods = ["btree"]\nmax_columns = 3\nrisky = true\n'
    (tmp_path / "pyproject.toml").write_text(f"[tool.pgwright]\n{settings}")
    run("check", shop.dsn)
    run("fix", shop.dsn, "--sql", "-", "--weight", "calls")
    expected = Goal(None, 0.005, "equal", 20.0, frozenset({"btree"}), 3, takes_risks=True)
    assert goals == [expected, replace(expected, weights="calls")]


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--budget", "0MB"), "--budget is '0MB', which no index fits"),
        (("--budget", "-5MB"), "--budget is '-5MB'; expected a size"),
        (("--until", "half"), "--until is 'half'; expected percent"),
        (("--until", "100%"), "--until is '100%'; expected percent"),
        (("--deadline", "0"), "--deadline is '0'; expected a time above 0"),
        (("--deadline", "soon"), "--deadline is 'soon'; expected a time above 0"),
        (("--method", "gni"), "--method is 'gni', which the advisor does not propose. Did you mean 'gin'?"),
        (("--method", "xyz"), "Known: btree, gin, gist, brin, hnsw."),
        (("--max-columns", "0"), "--max-columns is 0; expected 1 to 32"),
        (("--weight", "rows"), "'rows' is not one of"),
    ],
)
def test_nonsense_is_refused_before_anything_is_read(run: Run, flags: tuple[str, str], said: str) -> None:
    result = run("advise", "host=nowhere.invalid", *flags)
    assert result.exit_code == 2
    assert said in result.stderr


def _interrupted(snapshot: Snapshot, goal: Goal = DEFAULT, **more: Any) -> Advice:
    """As if Ctrl-C had come at the end: the moment of a real one nobody can choose."""
    return replace(answer(snapshot, goal, **more), ended="interrupted")


def test_interrupted_search_prints_the_best_so_far_and_exits_with_130(
    run: Run, shop: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pgwright.advisor.advisor.advise", _interrupted)
    result = run("advise", shop.dsn)
    assert result.exit_code == 130
    assert result.stdout.startswith("The search was interrupted")
    assert "ON public.orders (user_id" in result.stdout


def test_check_and_fix_give_up_when_the_search_is_interrupted(
    run: Run, shop: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pgwright.advisor.advisor.advise", _interrupted)
    for command in (("check",), ("fix", "--sql", "-")):
        result = run(command[0], shop.dsn, *command[1:])
        assert result.exit_code == 130
        assert result.stdout == ""


def test_nothing_but_json_reaches_standard_output(shop: Database) -> None:
    """In a process of its own: what a library's C code prints goes round Python."""
    command = [sys.executable, "-m", "pgwright", "advise", shop.dsn, "--format", "json"]
    said = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(said.stdout)["kind"].lower() == "advice"
