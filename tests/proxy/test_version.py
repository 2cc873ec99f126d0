from __future__ import annotations

import tomllib
from pathlib import Path

from proxy.version import AGENT, VERSION


def test_the_version_is_the_packages() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == VERSION
    assert f"wye/{VERSION}" == AGENT
