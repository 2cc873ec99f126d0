"""What can be wrong with a rule file, as data: every problem at once, each with its place and its mend."""

from __future__ import annotations

import msgspec

Path = tuple[str | int, ...]


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong: where it stands, what was found there, what was expected.

    `path` leads from the top of the file to the value, e.g. `("rule", 1, "when", "modle")`. `line` is 1-based and
    0 while unknown.
    """

    path: Path
    found: str
    expected: str
    nearest: str | None = None
    file: str = ""
    line: int = 0

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}: " if self.line else f"{self.file}: " if self.file else ""
        nearest = f"; did you mean {self.nearest!r}?" if self.nearest else ""
        where = spell(self.path)
        return f"{place}{where + ': ' if where else ''}found {self.found}; expected {self.expected}{nearest}"


class RuleError(ValueError):
    """A rule file that does not load. `problems` holds all that is wrong with it, never only the first."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


def spell(path: Path) -> str:
    """Write a path as a person would point at it: `[target.local] timeouts.connect`, `[[rule]] 2, when.model`."""
    if not path:
        return ""
    head, rest = str(path[0]), list(path[1:])
    if rest and isinstance(rest[0], int):
        head, rest = f"[[{head}]] {rest[0] + 1}", rest[1:]
        return head + (", " + ".".join(map(str, rest)) if rest else "")
    if head in {"target", "tier", "fact"} and rest:
        head, rest = f"{head}.{rest[0]}", rest[1:]
    return f"[{head}]" + (" " + ".".join(map(str, rest)) if rest else "")
