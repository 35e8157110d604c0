"""Commits beside the work tree, in real repositories."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

import pytest

from pgwright.errors import GitError
from pgwright.git import Repository, open_repository
from pgwright.model.pull_request import Commit, CommittedFile
from tests.support.repository import Git, without_settings

HOSTILE = "$(touch owned) `touch owned` '; touch owned; \" --amend"


@pytest.fixture
def git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Git:
    without_settings(monkeypatch, tmp_path)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "app").mkdir()
    made = Git(tmp_path / "app")
    (made.root / "shop").mkdir()
    (made.root / "shop" / "models.py").write_text("a = 1\n")
    made.commit_all()
    return made


def commit(data: bytes = b"b = 2\n", path: str = "shop/new.py", message: str = "Add it\n\nWhy.\n") -> Commit:
    return Commit(message, (CommittedFile(path, data, True, 1, 0),))


def branch(repository: Repository, *commits: Commit, name: str = "ours/it") -> str:
    made = repository.commit(commits)
    repository.create(name, made)
    return made


def test_a_branch_holds_the_commits_and_everything_else_is_as_it_was(git: Git) -> None:
    (git.root / "shop" / "staged.py").write_text("staged")
    git("add", "shop/staged.py")
    (git.root / "notes.txt").write_text("not added")
    (git.root / "shop" / "models.py").write_text("a = 'being edited'\n")
    before = git.state()
    last = branch(open_repository(git.root / "shop"), commit(), commit(b"a = 3\n", "shop/models.py", "Edit it\n"))
    assert git.state()[:3] == before[:3]
    assert git("show-ref", "ours/it") == f"{last} refs/heads/ours/it"
    assert git("log", "--format=%s|%an <%ae>|%cn", "main..ours/it").splitlines() == [
        "Edit it|Ada <ada@shop.test>|Ada", "Add it|Ada <ada@shop.test>|Ada"
    ]  # fmt: skip
    assert git("diff", "--name-status", "main", "ours/it").split() == ["M", "shop/models.py", "A", "shop/new.py"]
    assert git("show", "ours/it:shop/models.py") == "a = 3"
    assert git("merge-base", "main", "ours/it") == git("rev-parse", "main")


def test_text_becomes_a_message_and_a_file_and_never_a_word_of_a_shell(git: Git) -> None:
    branch(open_repository(git.root), commit(HOSTILE.encode(), "shop/-n.py", f"{HOSTILE}\n\n--all\n"))
    assert git("log", "-1", "--format=%B", "ours/it").startswith(f"{HOSTILE}\n\n--all")
    assert git("show", "ours/it:shop/-n.py") == HOSTILE
    assert list(git.root.parent.rglob("owned")) == []


def test_commits_that_no_branch_got_are_seen_by_nobody(git: Git) -> None:
    """As after Ctrl-C before the end."""
    before = git.state()
    open_repository(git.root).commit([commit()])
    assert git.state() == before
    assert git("log", "--all", "--oneline").count("\n") == 0
    assert git("fsck", "--no-dangling") == ""


def test_a_branch_that_exists_stays(git: Git) -> None:
    git("branch", "ours/it")
    repository = open_repository(git.root)
    with pytest.raises(GitError, match=r"the branch 'ours/it' exists\. Name another one: --branch NAME"):
        repository.require_free("ours/it")
    before = git("rev-parse", "ours/it")
    with pytest.raises(GitError, match="ours/it"):
        branch(repository, commit())
    assert git("rev-parse", "ours/it") == before


@pytest.mark.parametrize("name", ["ours", "ours/it/deeper"])
def test_no_branch_lies_below_another(git: Git, name: str) -> None:
    git("branch", "ours/it")
    with pytest.raises(GitError, match="beside the branch 'ours/it' there can be none"):
        open_repository(git.root).require_free(name)


@pytest.mark.parametrize("name", ["", "-x", "a b", "a..b", "a~1", "HEAD", "@{-1}", "x.lock", "a\nb"])
def test_what_is_no_name_of_a_branch_is_refused(git: Git, name: str) -> None:
    with pytest.raises(GitError, match="is no name for a branch"):
        open_repository(git.root).require_free(name)


def test_a_detached_head_is_a_base_like_any_other(git: Git) -> None:
    git("checkout", "-q", "--detach")
    repository = open_repository(git.root)
    assert repository.branch == ""
    branch(repository, commit())
    assert git("rev-parse", "ours/it~1") == git("rev-parse", "main")


def test_without_git_it_says_what_to_install(git: Git, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(git.root))
    with pytest.raises(GitError, match=r"there is no program 'git' on the PATH\. Install git"):
        open_repository(git.root)


def test_a_folder_in_no_repository_is_told(tmp_path: Path, git: Git, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(GitError, match="is in no git repository: not a git repository"):
        open_repository(tmp_path)


def test_a_repository_without_a_commit_is_told(tmp_path: Path, git: Git) -> None:
    (tmp_path / "new").mkdir()
    Git(tmp_path / "new")
    with pytest.raises(GitError, match="has no commit yet"):
        open_repository(tmp_path / "new")


def test_nobody_is_guessed_where_git_does_not_know_who_commits(git: Git) -> None:
    git("config", "--unset", "user.email")
    with pytest.raises(GitError, match=re.escape("git does not know who commits. Say it: git config user.name NAME")):
        open_repository(git.root).require_identity()


def test_the_environment_of_a_hook_does_not_lead_elsewhere(
    git: Git, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))
    assert open_repository(git.root).root == git.root.resolve()
    assert not (tmp_path / "index").exists()


def test_files_that_are_not_committed_as_they_are_are_named(git: Git) -> None:
    shop = git.root / "shop"
    (shop / "new.py").write_text("x")
    (shop / "staged.py").write_text("x")
    git("add", "shop/staged.py")
    (shop / "models.py").write_text("a = 2\n")
    repository = open_repository(git.root)
    with pytest.raises(GitError, match=r"^shop/models.py, shop/new.py, shop/staged.py: not committed, or changed"):
        repository.require_committed([shop / name for name in ("models.py", "new.py", "staged.py")])
    (shop / "models.py").write_text("a = 1\n")
    repository.require_committed([shop / "models.py"])


def test_what_git_was_told_to_overlook_differs_all_the_same(git: Git) -> None:
    git("update-index", "--assume-unchanged", "shop/models.py")
    (git.root / "shop" / "models.py").write_text("a = 2\n")
    with pytest.raises(GitError, match=r"shop/models\.py: not committed"):
        open_repository(git.root).require_committed([git.root / "shop" / "models.py"])


def test_a_file_outside_is_told_and_a_link_is_followed(git: Git, tmp_path: Path) -> None:
    repository = open_repository(git.root)
    (tmp_path / "link").symlink_to(git.root / "shop")
    assert repository.name_of(tmp_path / "link" / "models.py") == "shop/models.py"
    assert repository.name_of(tmp_path / "link" / "new.py") == "shop/new.py"
    for outside in (tmp_path / "other.py", git.root / ".git" / "x.py"):
        with pytest.raises(GitError, match="lies outside the git repository"):
            repository.name_of(outside)


def test_line_ends_and_modes_are_as_git_keeps_them(git: Git) -> None:
    path = git.root / "shop" / "models.py"
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    (git.root / ".gitattributes").write_text("*.py text eol=crlf\n")
    git("rm", "-q", "--cached", "shop/models.py")
    path.write_bytes(b"a = 1\r\n")
    git.commit_all("With line ends")
    repository = open_repository(git.root)
    repository.require_committed([path])
    branch(repository, commit(b"a = 1\r\nb = 2\r\n", "shop/models.py"))
    assert git("diff", "--numstat", "main", "ours/it") == "1\t0\tshop/models.py"
    assert git("ls-tree", "ours/it", "shop/models.py").startswith("100755 ")


def test_no_hook_of_the_repository_runs(git: Git) -> None:
    for name in ("post-index-change", "reference-transaction", "pre-commit"):
        hook = git.root / ".git" / "hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\ntouch {git.root}/ran-{name}\n")
        hook.chmod(0o755)
    branch(open_repository(git.root), commit())
    assert list(git.root.glob("ran-*")) == []


def test_commits_are_signed_where_the_user_signs(git: Git) -> None:
    program = git.root.parent / "sign"
    program.write_text(
        '#!/bin/sh\ncat >/dev/null\necho "[GNUPG:] SIG_CREATED " >&2\necho "-----BEGIN PGP SIGNATURE-----"\n'
    )
    program.chmod(0o755)
    git("config", "gpg.program", os.fspath(program))
    branch(open_repository(git.root), commit(), name="plain")
    git("config", "commit.gpgsign", "true")
    branch(open_repository(git.root), commit(), name="signed")
    assert "gpgsig" not in git("cat-file", "commit", "plain")
    assert "gpgsig -----BEGIN PGP SIGNATURE-----" in git("cat-file", "commit", "signed")


def test_the_body_lies_beside_the_work_tree_also_in_a_second_one(git: Git, tmp_path: Path) -> None:
    git("worktree", "add", "-q", str(tmp_path / "second"))
    repository = open_repository(tmp_path / "second")
    assert repository.root == (tmp_path / "second").resolve()
    assert repository.body_file.parent == git.root.resolve() / ".git" / "worktrees" / "second"
    assert open_repository(git.root).body_file == git.root.resolve() / ".git" / "PGWRIGHT_PR.md"


def test_it_pushes_to_origin_or_to_the_only_one(git: Git) -> None:
    assert open_repository(git.root).remote == ""
    git("remote", "add", "backup", "/nowhere")
    assert open_repository(git.root).remote == "backup"
    git("remote", "add", "origin", "/nowhere")
    assert open_repository(git.root).remote == "origin"
