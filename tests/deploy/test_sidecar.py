"""sidecar.yaml: one pod in which only the app reaches wye; its parts agree with each other and with the program."""

from __future__ import annotations

import tomllib
from typing import Any
from urllib.parse import urlsplit

import httpx
import yaml

from proxy.config.load import decode_config, pack_text
from tests.deploy.containerfile import ROOT, health_command, read_stages
from tests.deploy.probing import probe
from tests.wye_process import Wye, one_target

RULES_MAP, DEPLOYMENT = yaml.safe_load_all((ROOT / "deploy/sidecar.yaml").read_text(encoding="utf-8"))
RULES: str = RULES_MAP["data"]["config.toml"]
CONFIG = decode_config(RULES, "sidecar.yaml")
POD: dict[str, Any] = DEPLOYMENT["spec"]["template"]["spec"]
(WYE,) = POD["initContainers"]
(APP,) = POD["containers"]
PROBES = ("startupProbe", "readinessProbe", "livenessProbe")
IMAGE = read_stages()[-1]


def volume(name: str) -> dict[str, Any]:
    (found,) = (one for one in POD["volumes"] if one["name"] == name)
    return dict(found)


def mounts(container: dict[str, Any]) -> dict[str, str]:
    return {one["name"]: one["mountPath"] for one in container.get("volumeMounts", [])}


def test_it_is_a_deployment_whose_selector_finds_its_pods() -> None:
    assert (DEPLOYMENT["apiVersion"], DEPLOYMENT["kind"]) == ("apps/v1", "Deployment")
    wanted = DEPLOYMENT["spec"]["selector"]["matchLabels"]
    assert wanted.items() <= DEPLOYMENT["spec"]["template"]["metadata"]["labels"].items()


def test_wye_starts_before_the_app_and_ends_after_it() -> None:
    assert WYE["restartPolicy"] == "Always"
    assert "startupProbe" in WYE


def test_its_rules_are_the_shipped_pack_where_wye_looks_for_them() -> None:
    given, pack = tomllib.loads(RULES), tomllib.loads(pack_text("private_first"))
    assert (given["label"], given["rule"]) == (pack["label"], pack["rule"])
    assert volume("rules")["configMap"]["name"] == RULES_MAP["metadata"]["name"]
    assert f"{mounts(WYE)['rules']}/config.toml" == IMAGE.environment["WYE_CONFIG"]


def test_it_listens_on_loopback_only_and_the_app_knows_where() -> None:
    assert (CONFIG.server.host, CONFIG.server.open) == ("127.0.0.1", False)
    environ = {one["name"]: one["value"] for one in APP["env"]}
    assert environ["OPENAI_BASE_URL"] == f"http://{CONFIG.server.host}:{CONFIG.server.port}/v1"
    assert "ports" not in WYE


def test_the_key_comes_from_a_secret_that_the_app_does_not_see() -> None:
    secret = volume("keys")["secret"]
    assert CONFIG.target["cloud"].key == f"file:{mounts(WYE)['keys']}/openai_api_key"
    assert secret["defaultMode"] == 0o440
    assert POD["securityContext"]["fsGroup"] == int(IMAGE.the("USER").partition(":")[2])
    assert "keys" not in mounts(APP)


def test_private_text_may_go_to_its_ollama_only() -> None:
    assert dict(CONFIG.boundary) == {"private": (urlsplit(CONFIG.target["local"].url).hostname,)}


def test_its_probes_run_inside_the_container_and_work() -> None:
    with Wye(one_target("http://127.0.0.1:9/v1")) as wye:
        for command in (WYE[name]["exec"]["command"] for name in PROBES):
            assert command == health_command(IMAGE)
            assert probe(command, wye.port) == 0


def test_a_probe_from_outside_would_be_refused_which_is_why_they_do_not_come_from_there() -> None:
    with Wye(one_target("http://127.0.0.1:9/v1")) as wye:
        assert httpx.get(f"{wye.url}/healthz", headers={"host": f"10.1.2.3:{wye.port}"}).status_code == 403


def test_no_probe_gives_up_before_the_command_does() -> None:
    assert all(WYE[name]["timeoutSeconds"] > 3 for name in PROBES)
    assert all("timeout=3" in WYE[name]["exec"]["command"][-1] for name in PROBES)


def test_streams_may_end_before_the_pod_is_killed() -> None:
    assert POD["terminationGracePeriodSeconds"] > CONFIG.server.shutdown


def test_nobody_in_the_pod_is_root_or_may_become_it() -> None:
    pod = POD["securityContext"]
    assert pod["runAsNonRoot"]
    assert f"{pod['runAsUser']}:{pod['runAsGroup']}" == IMAGE.the("USER")
    assert pod["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in (WYE, APP):
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
    assert POD["automountServiceAccountToken"] is False


def test_it_says_what_it_needs() -> None:
    assert all({"cpu", "memory"} <= set(container["resources"]["requests"]) for container in (WYE, APP))
