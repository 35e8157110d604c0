"""Change a revision's file: statements of its functions replaced or taken out, and the revision that it follows.

Places come from the syntax tree and texts are cut at them, so that all around an edit stays byte for byte.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping, Sequence
from textwrap import dedent, indent

from pgwright.errors import MigrationError

_BATCH = "batch_alter_table"


class EditableRevision:
    """The text of a revision, and where the statements of its `upgrade()` or `downgrade()` are.

    Raises: MigrationError: it has no such function that can be read.
    """

    def __init__(self, text: str, function: str = "upgrade") -> None:
        self.text, self.function = text, function
        try:
            self._tree = ast.parse(text)
        except (SyntaxError, ValueError) as error:
            raise MigrationError(f"it is no Python: {error}") from error
        functions = [one for one in self._tree.body if isinstance(one, ast.FunctionDef) and one.name == function]
        if len(functions) != 1:
            raise MigrationError(f"it has no {function}() that can be read")
        self._function = functions[0]

    @property
    def statements(self) -> list[ast.stmt]:
        """Those that do something: no docstring, no `pass`."""
        return [one for one in self._function.body if not _is_idle(one)]

    def statement(self, line: int) -> ast.stmt:
        """Return the statement that a line belongs to. Raises MigrationError: it is in none that stands by itself."""
        found = next((one for one in self.statements if one.lineno <= line <= (one.end_lineno or one.lineno)), None)
        if found is None:
            raise MigrationError(f"the statement is not in {self.function}() itself")
        if isinstance(found, ast.With) and _opens_batch(found) and len(found.body) == 1:
            return found
        if not isinstance(found, ast.Expr):
            raise MigrationError("the statement is in a block, or its result is used")
        return found

    def naming(self, name: str) -> ast.stmt | None:
        """Return the only statement that says a name in a text of its own; None: none does, or several do."""
        word = re.compile(rf"(?<![\w.]){re.escape(name)}(?!\w)")
        found = [one for one in self.statements if any(word.search(text) for text in _texts(one))]
        return found[0] if len(found) == 1 and isinstance(found[0], ast.Expr) else None

    def source_of(self, statement: ast.stmt) -> str:
        """Return the text of a statement, as if it were not indented."""
        lines = self.text.splitlines()[statement.lineno - 1 : statement.end_lineno]
        return dedent("\n".join(lines))

    def with_first(self, code: str) -> str:
        """Return the file with statements ahead of all others of the function."""
        first = self._function.body[0]
        lines = self.text.splitlines(keepends=True)
        if first.lineno == self._function.lineno:
            raise MigrationError(f"{self.function}() is one line")
        place = (first.end_lineno or first.lineno) if _is_text(first) else first.lineno - 1
        margin = " " * first.col_offset
        return "".join([*lines[:place], *(f"{margin}{line}\n" for line in code.splitlines()), *lines[place:]])

    def with_statements(self, codes: Mapping[int, str], imports: Iterable[str]) -> str:
        """Return the file with statements replaced.

        Args:
            codes: what takes the place of a statement, by the line that it begins on; "" takes it out.
            imports: lines that the code needs.
        Raises: MigrationError: a statement shares its line with another.
        """
        lines = self.text.splitlines(keepends=True)
        edited = [one for one in self.statements if one.lineno in codes]
        is_emptied = len(edited) == len(self.statements) and all(map(_does_nothing, codes.values()))
        for one in reversed(edited):
            code = codes[one.lineno]
            self._replace(lines, one, f"{code}\npass".lstrip() if is_emptied and one is edited[0] else code)
        return self._importing("".join(lines), imports)

    def _replace(self, lines: list[str], statement: ast.stmt, code: str) -> None:
        first, last = statement.lineno - 1, (statement.end_lineno or statement.lineno) - 1
        head = lines[first].encode()[: statement.col_offset].decode()
        tail = lines[last].encode()[statement.end_col_offset or 0 :].decode()
        if head.strip() or (tail.strip() and not tail.lstrip().startswith("#")):
            raise MigrationError("the statement shares its line with another")
        if not code:
            lines[first : last + 1] = []
            return
        end = "\r\n" if tail.endswith("\r\n") else "\n"
        new = [f"{line}{end}" for line in indent(code, head).splitlines()]
        if tail.strip():
            new.insert(0, f"{head}{tail.strip()}{end}")
        lines[first : last + 1] = new

    def _importing(self, text: str, imports: Iterable[str]) -> str:
        known = {ast.unparse(one) for one in self._tree.body if isinstance(one, ast.Import | ast.ImportFrom)}
        missing = [one for one in dict.fromkeys(imports) if ast.unparse(ast.parse(one)) not in known]
        places = [one.end_lineno or 0 for one in self._tree.body if isinstance(one, ast.Import | ast.ImportFrom)]
        if not missing:
            return text
        lines = text.splitlines(keepends=True)
        place = max(places, default=0)
        return "".join([*lines[:place], *(f"{one}\n" for one in missing), *lines[place:]])


def following(text: str, before: str, after: str) -> str:
    """Return a revision's text in which it follows another revision. Raises MigrationError: it does not say which."""
    tree = ast.parse(text)
    targets = [value for name, value in _assigned(tree) if name == "down_revision"]
    found = [one for each in targets for one in ast.walk(each) if isinstance(one, ast.Constant) and one.value == before]
    if not found:
        raise MigrationError(f"its down_revision {before!r} is not written as a text")
    lines = text.splitlines(keepends=True)
    for one in sorted(found, key=lambda node: (node.lineno, node.col_offset), reverse=True):
        line = lines[one.lineno - 1].encode()
        quotes = line[one.col_offset : one.col_offset + 1].decode()
        new = f"{quotes}{after}{quotes}".encode()
        lines[one.lineno - 1] = (line[: one.col_offset] + new + line[one.end_col_offset or 0 :]).decode()
    changed = "".join(lines)
    return changed.replace(f"Revises: {before}\n", f"Revises: {after}\n", 1)


def _assigned(tree: ast.Module) -> Iterable[tuple[str, ast.expr]]:
    for one in tree.body:
        if isinstance(one, ast.Assign) and isinstance(one.targets[0], ast.Name):
            yield one.targets[0].id, one.value
        elif isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name) and one.value is not None:
            yield one.target.id, one.value


def _does_nothing(code: str) -> bool:
    return all(not line.strip() or line.lstrip().startswith("#") for line in code.splitlines())


def _is_idle(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Pass) or _is_text(statement)


def _is_text(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _texts(statement: ast.stmt) -> Iterable[str]:
    for one in ast.walk(statement):
        if isinstance(one, ast.Constant) and isinstance(one.value, str):
            yield one.value


def _opens_batch(statement: ast.With) -> bool:
    calls: Sequence[ast.expr] = [item.context_expr for item in statement.items]
    return any(isinstance(one, ast.Call) and ast.unparse(one.func).endswith(_BATCH) for one in calls)
