"""compose.yaml: its parts agree with each other, with the image and with the program, and its app works."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import yaml

from proxy.config.load import decode_config, pack_text
from tests.deploy.containerfile import ROOT, health_command, read_stages
from tests.deploy.probing import probe
from tests.fakes.ollama import FakeModel, FakeOllama
from tests.fakes.upstream import FakeOpenAI
from tests.wye_process import Wye

FOLDER = ROOT / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
RULES = (FOLDER / "wye.toml").read_text(encoding="utf-8")
CONFIG = decode_config(RULES, "wye.toml")
IMAGE = read_stages()[-1]
KEY = "sk-of-the-cloud"


def networks(service: str) -> set[str]:
    return set(SERVICES[service]["networks"])


def test_wye_reads_the_rules_that_are_mounted() -> None:
    (mount,) = SERVICES["wye"]["volumes"]
    assert mount["target"] == IMAGE.environment["WYE_CONFIG"]
    assert mount["read_only"]
    assert (FOLDER / mount["source"]).read_text(encoding="utf-8") == RULES


def test_its_rules_are_the_shipped_pack() -> None:
    mounted, pack = tomllib.loads(RULES), tomllib.loads(pack_text("private_first"))
    assert [mounted[name] for name in ("fact", "label", "rule")] == [pack[name] for name in ("fact", "label", "rule")]


def test_what_is_built_is_there() -> None:
    for service in ("wye", "app"):
        build = SERVICES[service]["build"]
        assert (FOLDER / build["context"] / build["dockerfile"]).is_file()


def test_the_local_target_is_the_ollama_beside_it_and_the_only_place_for_private_text() -> None:
    local = urlsplit(CONFIG.target["local"].url)
    assert (local.hostname, local.port) == ("ollama", 11434)
    assert local.hostname in SERVICES
    assert networks("wye") & networks("ollama")
    assert dict(CONFIG.boundary) == {"private": ("ollama",)}


def test_the_key_is_a_secret_where_the_rules_look_for_it() -> None:
    (secret,) = SERVICES["wye"]["secrets"]
    assert CONFIG.target["cloud"].key == f"file:/run/secrets/{secret}"
    assert [name for name, service in SERVICES.items() if "secrets" in service] == ["wye"]
    kept = Path(COMPOSE["secrets"][secret]["file"])
    assert f"{kept.parent}/" in (FOLDER / ".gitignore").read_text(encoding="utf-8").splitlines()


def test_only_wye_has_a_way_out() -> None:
    open_ones = {name for name, network in COMPOSE["networks"].items() if not network.get("internal")}
    running = [name for name, service in SERVICES.items() if "profiles" not in service]
    assert [name for name in running if networks(name) & open_ones] == ["wye"]
    assert not networks("app") & networks("ollama"), "the app reaches the Ollama through wye only"


def test_it_is_open_and_so_no_port_is_published() -> None:
    assert CONFIG.server.open
    assert CONFIG.server.host == "0.0.0.0"
    assert not [name for name, service in SERVICES.items() if "ports" in service]


def test_the_app_is_pointed_at_wye() -> None:
    assert SERVICES["app"]["environment"]["OPENAI_BASE_URL"] == f"http://wye:{CONFIG.server.port}/v1"
    assert str(CONFIG.server.port) == IMAGE.the("EXPOSE")
    assert networks("app") & networks("wye")


def test_everything_waits_for_what_it_needs_and_can_say_that_it_is_well() -> None:
    for service in SERVICES.values():
        for other, how in service.get("depends_on", {}).items():
            assert how == {"condition": "service_healthy"}
            assert SERVICES[other]["healthcheck"]["test"][0] == "CMD"


def test_no_prompt_leaves_through_ollamas_own_cloud() -> None:
    assert all(SERVICES[name]["environment"] == {"OLLAMA_NO_CLOUD": "1"} for name in ("ollama", "models"))


def test_the_model_of_the_rules_is_what_gets_fetched() -> None:
    models = SERVICES["models"]
    assert models["entrypoint"][-1].split()[-3:] == ["ollama", "pull", CONFIG.target["local"].model]
    assert models["volumes"] == SERVICES["ollama"]["volumes"]
    assert models["image"] == SERVICES["ollama"]["image"]


def test_streams_may_end_before_the_container_is_killed() -> None:
    assert int(SERVICES["wye"]["stop_grace_period"].removesuffix("s")) > CONFIG.server.shutdown


def test_wye_and_the_app_may_write_nothing_and_gain_nothing() -> None:
    for name in ("wye", "app"):
        assert SERVICES[name]["read_only"]
        assert SERVICES[name]["cap_drop"] == ["ALL"]
    assert all(service["security_opt"] == ["no-new-privileges:true"] for service in SERVICES.values())


@pytest.fixture(scope="module")
def cloud() -> Iterator[FakeOpenAI]:
    with FakeOpenAI(key=KEY) as server:
        yield server


@pytest.fixture(scope="module")
def wye(cloud: FakeOpenAI, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wye]:
    """Serve these very rules, with the places in them moved to this machine."""
    key = tmp_path_factory.mktemp("secrets") / "openai_api_key"
    key.write_text(KEY, encoding="utf-8")
    with FakeOllama({"llama3.2": FakeModel()}) as local:
        moved = {
            'url = "http://ollama:11434/v1"': f'url = "{local.base_url}"',
            'url = "https://api.openai.com/v1"': f'url = "{cloud.base_url}"',
            "file:/run/secrets/openai_api_key": f"file:{key}",
            'private = ["ollama"]': 'private = ["127.0.0.1"]',
        }
        rules = RULES
        for place, here in moved.items():
            assert rules.count(place) == 1
            rules = rules.replace(place, here)
        with Wye(rules, "--host", "127.0.0.1") as server:
            yield server


def test_the_health_check_is_the_images_own_and_works(wye: Wye) -> None:
    check = SERVICES["wye"]["healthcheck"]
    assert check["test"] == ["CMD", *health_command(IMAGE)]
    assert f"--interval={check['interval']} --timeout={check['timeout']}" in IMAGE.the("HEALTHCHECK")
    assert probe(check["test"][1:], wye.port) == 0


def test_wye_answers_to_the_name_that_the_app_calls_it_by(wye: Wye) -> None:
    host = urlsplit(SERVICES["app"]["environment"]["OPENAI_BASE_URL"]).netloc
    assert httpx.get(f"{wye.base_url}/models", headers={"host": host}).status_code == 200


def test_the_app_gets_its_answers_and_what_holds_a_password_stays_local(wye: Wye, cloud: FakeOpenAI) -> None:
    copied = re.search(r"^COPY (\S+) ", (FOLDER / "app/Containerfile").read_text(encoding="utf-8"), re.MULTILINE)
    assert copied
    environ = {**os.environ, **SERVICES["app"]["environment"], "OPENAI_BASE_URL": wye.base_url}
    told = subprocess.check_output(
        [sys.executable, FOLDER / "app" / copied[1]], env=environ, text=True, timeout=30, encoding="utf-8"
    )
    assert re.findall(r"\((\S+) answered\)", told) == ["gpt-4o", "llama3.2"]
    assert "hunter2" in told
    assert not [request for request in cloud.requests if b"hunter2" in request.body]
