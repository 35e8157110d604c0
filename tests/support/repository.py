"""A git repository of a test, with an identity of its own."""

from __future__ import annotations

import subprocess
from pathlib import Path
from shutil import which

import pytest


class Git:
    """A repository in a folder, and git beside ours to look at it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self("init", "-q", "-b", "main")
        self("config", "user.name", "Ada")
        self("config", "user.email", "ada@shop.test")

    def __call__(self, *arguments: str) -> str:
        ran = subprocess.run(["git", *arguments], cwd=self.root, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stderr
        return ran.stdout.rstrip("\n")

    def commit_all(self, message: str = "As it was") -> str:
        self("add", "-A")
        self("commit", "-q", "-m", message)
        return self("rev-parse", "HEAD")

    def state(self) -> tuple[str, ...]:
        """Return what a command must leave alone: index, work tree, HEAD and the branches."""
        index = (self.root / ".git" / "index").read_bytes().hex()
        return index, self("status", "--porcelain"), self("symbolic-ref", "-q", "HEAD"), self("show-ref")


def without_settings(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    """Let git read no settings but those of the repository, and no identity from the environment."""
    if which("git") is None:
        pytest.skip("git is not installed")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(home / "no-such-file"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.delenv(f"GIT_{who}_NAME", raising=False)
        monkeypatch.delenv(f"GIT_{who}_EMAIL", raising=False)
    monkeypatch.delenv("EMAIL", raising=False)
