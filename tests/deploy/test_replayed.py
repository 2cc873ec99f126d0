"""The builder stage's steps, replayed as they stand in a clean folder, make an environment that serves."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import threading
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from proxy.version import VERSION
from tests.deploy.containerfile import ROOT, health_command, read_stages
from tests.deploy.probing import probe
from tests.deploy.replay import Replay
from tests.wye_process import one_target

BUILDER, FINAL = read_stages()
LOCK = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))
PACKAGES: dict[str, list[dict[str, Any]]] = {}
for package in LOCK["package"]:
    PACKAGES.setdefault(package["name"], []).append(package)


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    replay = Replay(tmp_path_factory.mktemp("image"))
    replay.run(BUILDER)
    return Path(replay.environ["UV_PROJECT_ENVIRONMENT"])


@pytest.fixture
def wye(environment: Path) -> Path:
    return environment / "bin/wye"


def needed(name: str) -> set[str]:
    """Return what the lock file says that a package needs to run, on whatever platform, itself included."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            for version in PACKAGES[name]:
                extras = [one for group in version.get("optional-dependencies", {}).values() for one in group]
                waiting += [one["name"] for one in [*version.get("dependencies", []), *extras]]
    return found


def site_packages(environment: Path) -> Path:
    (folder,) = environment.glob("lib/python*/site-packages")
    return folder


def installed(environment: Path) -> set[str]:
    folders = site_packages(environment).glob("*.dist-info")
    return {re.sub(r"[-_.]+", "-", folder.name.split("-")[0]).lower() for folder in folders}


def direct(table: dict[str, Any]) -> set[str]:
    return {one["name"] for one in table["dependencies"]}


def test_it_says_its_version(wye: Path) -> None:
    assert subprocess.check_output([wye, "--version"], text=True) == f"wye {VERSION}\n"


def test_it_holds_what_wye_needs_to_run_and_nothing_else(environment: Path) -> None:
    assert direct(PACKAGES["wye"][0]) <= installed(environment) <= needed("wye")


def test_it_holds_nothing_that_is_only_for_tests_or_the_demo(environment: Path) -> None:
    (package,) = PACKAGES["wye"]
    groups = {one["name"] for group in package["dev-dependencies"].values() for one in group} - needed("wye")
    assert {"pytest", "openai", "xllamacpp"} <= groups
    assert not installed(environment) & groups


def test_it_is_compiled_and_needs_no_source_folder(environment: Path) -> None:
    ask = "import proxy.app; print(proxy.app.__file__, proxy.app.__cached__)"
    told = subprocess.check_output([environment / "bin/python", "-Bc", ask], cwd=environment, text=True).split()
    assert [path for path in told if not Path(path).is_relative_to(site_packages(environment))] == []
    assert Path(told[1]).exists()


def test_it_reads_the_rules_that_compose_mounts(wye: Path) -> None:
    done = subprocess.run([wye, "check", ROOT / "deploy/wye.toml"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def serving(wye: Path, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    rules = tmp_path / "config.toml"
    rules.write_text(one_target("http://127.0.0.1:9/v1"), encoding="utf-8")
    environ = {**os.environ, "WYE_CONFIG": str(rules), "WYE_PORT": "0"}
    with subprocess.Popen([wye, "serve"], env=environ, stderr=subprocess.PIPE, text=True) as process:
        too_late = threading.Timer(20, process.kill)
        too_late.start()
        yield process
        too_late.cancel()
        process.kill()


def test_it_serves_and_stops_when_told_to(serving: subprocess.Popen[str]) -> None:
    assert serving.stderr is not None
    lines = (line for line in serving.stderr if '"server.started"' in line)
    port = urlsplit(json.loads(next(lines))["url"]).port
    assert port
    assert probe(health_command(FINAL), port) == 0
    serving.send_signal(signal.SIGTERM)
    assert serving.wait() == 0
