"""What a check asks the team where the data do not decide: a line for `[tool.pgwright]`, ready to paste."""

from __future__ import annotations


def entry(setting: str) -> str:
    """Return where a line of the settings goes, and the line."""
    return f"in [tool.pgwright] of pyproject.toml: {setting}"


def allowing(check: str, about: str) -> str:
    """Return the setting that leaves a finding out.

    >>> allowing("retention-overdue", "token (expires_at)")
    'allow = ["retention-overdue:token (expires_at)"]'
    """
    return listing("allow", f"{check}:{about}")


def listing(setting: str, *items: str) -> str:
    """Return a setting that lists objects as reports name them.

    >>> listing("cascade", '"Note" (user_id)')
    'cascade = [\\'"Note" (user_id)\\']'
    """
    return f"{setting} = [{', '.join(map(text, items))}]"


def text(value: str) -> str:
    """Return a value as TOML: literal where it can be, for names hold double quotes."""
    if '"' in value and "'" not in value and value.isprintable():
        return f"'{value}'"
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\U{ord(c):08X}" for c in escaped) + '"'
