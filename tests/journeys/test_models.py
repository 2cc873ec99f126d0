"""The list of models: merged over all targets, and there although one of them is not."""

from __future__ import annotations

from collections.abc import Iterator

import openai
import pytest

from tests.fakes.ollama import FakeModel, FakeOllama
from tests.fakes.upstream import FakeOpenAI, json_reply, silence
from tests.journeys.raw import Raw, ready
from tests.wye_process import Wye

SLASHED = "library/deep/coder:7b"
CONFIG = """
[target.local]
kind = "ollama"
url = "{local}"
[target.cloud]
kind = "openai"
url = "{cloud}"
[target.gone]
kind = "openai"
url = "http://127.0.0.1:9/v1"
models = ["far-model"]
[alias]
fast = "local:llama3"
[[rule]]
name = "all"
use = ["local", "cloud"]
"""


@pytest.fixture(scope="module")
def cloud() -> Iterator[FakeOpenAI]:
    with FakeOpenAI(["gpt-4o", "gpt-4o-mini", "llama3:latest", SLASHED]) as server:
        yield server


@pytest.fixture(scope="module")
def wye(cloud: FakeOpenAI) -> Iterator[Wye]:
    models = {"llama3": FakeModel(), "org/qwen:4b": FakeModel()}
    with FakeOllama(models) as local, Wye(CONFIG.format(local=local.base_url, cloud=cloud.base_url)) as server:
        yield ready(server)


def test_all_models_are_listed_once_with_aliases_first(wye: Wye) -> None:
    with wye.client() as client:
        listed = client.models.list().data
    assert [model.id for model in listed] == [
        *("fast", "llama3:latest", "org/qwen:4b"),
        *("gpt-4o", "gpt-4o-mini", SLASHED, "far-model"),
    ]
    assert {model.object for model in listed} == {"model"}
    assert all(isinstance(model.created, int) and model.owned_by for model in listed)


@pytest.mark.parametrize("name", ["fast", "gpt-4o", "llama3:latest", "llama3", "org/qwen:4b", SLASHED, "far-model"])
def test_one_model_is_found_by_its_name(wye: Wye, name: str) -> None:
    with wye.client() as client:
        assert client.models.retrieve(name).id in {name, f"{name}:latest"}


@pytest.mark.parametrize(
    "path", [SLASHED, SLASHED.replace("/", "%2F"), SLASHED.replace("/", "%2f").replace(":", "%3A")]
)
@pytest.mark.parametrize("prefix", ["/v1/models/", "/models/"])
def test_a_slash_may_be_encoded_or_not(wye: Wye, prefix: str, path: str) -> None:
    with Raw(wye, method="GET", path=prefix + path) as raw:
        assert raw.json()["id"] == SLASHED


@pytest.mark.parametrize("name", ["none", "library", "library/none", "gpt-4o/"])
def test_an_unknown_model_is_said_in_openais_words(wye: Wye, name: str) -> None:
    with Raw(wye, method="GET", path=f"/v1/models/{name}") as raw:
        if name == "gpt-4o/":
            assert raw.json()["id"] == "gpt-4o"
            return
        error = raw.error()
        assert (raw.answer.status, error["code"], error["param"]) == (404, "model_not_found", "model")


def test_the_list_is_kept_and_not_asked_for_each_time(wye: Wye, cloud: FakeOpenAI) -> None:
    before = len(cloud.requests)
    with wye.client() as client:
        for _ in range(5):
            client.models.list()
    assert len(cloud.requests) <= before + 1


def test_readiness_names_each_targets_state(wye: Wye) -> None:
    with Raw(wye, method="GET", path="/readyz") as raw:
        said = raw.json()
    assert (raw.answer.status, said["status"]) == (200, "ready")
    assert (said["targets"]["local"], said["targets"]["cloud"]) == ({"state": "up"}, {"state": "up"})
    assert said["targets"]["gone"]["state"] == "down"
    assert "refused" in said["targets"]["gone"]["why"]


def test_with_everybody_down_wye_lives_but_is_not_ready() -> None:
    down = "http://127.0.0.1:9/v1"
    with Wye(CONFIG.format(local=down, cloud=down)) as wye:
        with Raw(wye, method="GET", path="/readyz") as raw:
            assert raw.json()["status"] == "not ready"
            assert raw.answer.status == 503
        with Raw(wye, method="GET", path="/healthz") as raw:
            assert raw.answer.status == 200
            raw.rest()
        with wye.client() as client:
            assert [model.id for model in client.models.list()] == ["fast", "far-model"]


def test_health_waits_for_nobody() -> None:
    with FakeOpenAI() as slow:
        slow.routes["GET /v1/models"] = silence()
        with Wye(CONFIG.format(local=slow.base_url, cloud=slow.base_url)) as wye:
            slow.wait_for(lambda asked: len(asked) == 2)
            with Raw(wye, method="GET", path="/healthz") as raw:
                assert raw.json() == {"status": "ok"}
            assert len(slow.requests) == 2
            assert not any(request.gone.is_set() for request in slow.requests)


def test_a_list_of_null_is_empty_and_odd_entries_are_passed_over() -> None:
    odd = [{"id": "m", "created": 1.5, "owned_by": None}, {"id": 5}, {}, {"id": "n", "created": None}]
    with FakeOllama({}) as empty, FakeOpenAI() as strange:
        strange.routes["GET /v1/models"] = json_reply(200, {"object": "list", "data": odd})
        with Wye(CONFIG.format(local=empty.base_url, cloud=strange.base_url)) as wye, wye.client() as client:
            listed = client.models.list().data
            assert [(model.id, model.created) for model in listed][1:3] == [("m", 1), ("n", 0)]


def test_a_list_that_cannot_be_read_leaves_the_others() -> None:
    with FakeOllama() as good, FakeOpenAI() as bad:
        bad.routes["GET /v1/models"] = json_reply(200, "<html>")
        with Wye(CONFIG.format(local=good.base_url, cloud=bad.base_url)) as wye, wye.client() as client:
            assert [model.id for model in client.models.list()] == ["fast", "llama3:latest", "far-model"]
            failed = wye.wait_for(lambda event: event["event"] == "catalogue.failed" and event["target"] == "cloud")
            assert "cannot be read" in failed["why"]
            with pytest.raises(openai.NotFoundError):
                client.models.retrieve("gpt-4o")
