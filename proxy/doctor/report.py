"""What was found out about the targets, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal

import msgspec

Name = Literal["secret", "reach", "key", "models", "stream"]
Outcome = Literal["ok", "failed", "skipped"]


class Finding(msgspec.Struct, frozen=True):
    """One check of one target: how it went, and for a failure what mends it."""

    check: Name
    outcome: Outcome
    says: str
    mend: str = ""


class TargetReport(msgspec.Struct, frozen=True):
    """All findings about one target."""

    target: str
    kind: str
    url: str
    findings: tuple[Finding, ...]

    @property
    def usable(self) -> bool:
        """A target can be used when nothing failed."""
        return all(finding.outcome != "failed" for finding in self.findings)


def as_data(reports: Sequence[TargetReport]) -> list[dict[str, Any]]:
    """Give the reports as JSON takes them."""
    return [{**msgspec.to_builtins(report), "usable": report.usable} for report in reports]


def as_lines(reports: Sequence[TargetReport]) -> Iterator[tuple[str, Outcome | None]]:
    """Give the reports as lines to print, each with the outcome that colours it."""
    for report in reports:
        verdict = "can be used" if report.usable else "cannot be used"
        yield f"{report.target} ({report.kind}, {report.url}): {verdict}", "ok" if report.usable else "failed"
        for finding in report.findings:
            yield f"  {finding.check:<7} {finding.outcome:<8} {finding.says}", finding.outcome
            if finding.mend:
                yield f"  {'':<16} -> {finding.mend}", None
