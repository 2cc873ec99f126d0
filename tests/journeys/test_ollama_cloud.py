"""Ollama's own cloud is another host: a labelled request does not get there, by no name and from no version."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.fakes.ollama import FakeModel, FakeOllama
from tests.journeys.raw import Raw, chat, chats, documents
from tests.wye_process import Wye, one_target

PRIVATE = {"x-wye-label": "private"}
REMOTE = "https://ollama.com:443"
SECRET = "my password is hunter2-Blue42"


def models() -> dict[str, FakeModel]:
    return {
        "llama3": FakeModel({"completion"}),
        "big": FakeModel(remote_host=REMOTE),
        "big:local": FakeModel(remote_host=REMOTE),
        "someone/copied:7b": FakeModel(remote_host=REMOTE),
    }


@pytest.fixture
def ollama() -> Iterator[FakeOllama]:
    with FakeOllama(models()) as server:
        yield server


@pytest.fixture
def wye(ollama: FakeOllama) -> Iterator[Wye]:
    with Wye(one_target(ollama.base_url, kind="ollama", more='model = "llama3"')) as server:
        yield server


def asked(wye: Wye, model: str, headers: Mapping[str, str], **more: Any) -> tuple[int, dict[str, Any]]:
    with Raw(wye, chat(SECRET, **{**more, "model": f"up:{model}"}), headers=headers) as raw:
        return raw.answer.status, raw.json()


@pytest.mark.parametrize("model", ["big", "big:latest", "big:local", "someone/copied:7b", "library/big"])
def test_a_plain_name_that_runs_elsewhere_is_not_found(wye: Wye, ollama: FakeOllama, model: str) -> None:
    for stream in (False, True):
        status, body = asked(wye, model, PRIVATE, stream=stream)
        assert (status, body["error"]["code"], body["error"]["param"]) == (404, "model_not_found", "model")
        assert f"`{model}`" in body["error"]["message"]
    assert ollama.forwarded == []


@pytest.mark.parametrize("model", ["big:cloud", "gpt-oss:120b-cloud", "gpt-oss:120b:CLOUD"])
def test_a_name_of_the_cloud_is_refused_before_anything_is_sent(wye: Wye, ollama: FakeOllama, model: str) -> None:
    status, body = asked(wye, model, PRIVATE)
    assert (status, body["error"]["code"]) == (403, "egress_refused")
    assert (chats(ollama), ollama.forwarded) == ([], [])


def test_without_a_label_nothing_changes(wye: Wye, ollama: FakeOllama) -> None:
    assert asked(wye, "big", {})[0] == 200
    assert asked(wye, "gpt-oss:120b-cloud", {})[0] == 200
    assert [request.json()["model"] for request in chats(ollama)] == ["big", "gpt-oss:120b-cloud"]
    assert len(ollama.forwarded) == 2


@pytest.mark.parametrize("model", ["llama3", "llama3:latest"])
def test_what_runs_here_answers_under_the_name_that_the_client_knows(wye: Wye, ollama: FakeOllama, model: str) -> None:
    status, body = asked(wye, model, PRIVATE)
    assert (status, body["model"]) == (200, model)
    with Raw(wye, chat(SECRET, model=f"up:{model}", stream=True), headers=PRIVATE) as raw:
        assert raw.headers["x-wye-target"] == f"up:{model}"
        assert {document["model"] for document in documents(raw.rest())} == {model}
    assert {request.json()["model"] for request in chats(ollama)} == {f"{model}:local"}


def test_an_error_names_the_model_as_the_client_does(wye: Wye) -> None:
    tools = [{"type": "function", "function": {"name": "f"}}]
    status, body = asked(wye, "llama3", PRIVATE, tools=tools)
    assert (status, ":local" in str(body)) == (400, False)
    status, body = asked(wye, "llama3", PRIVATE, reasoning_effort="high")
    assert (status, body["error"]["message"]) == (400, '"llama3" does not support thinking')


@pytest.mark.parametrize("version", ["0.17.7", "0.9.0", "0.0.0", "0.17.7-rc2", "", "unknown"])
def test_an_ollama_too_old_or_unknown_is_not_given_a_labelled_request(version: str) -> None:
    with (
        FakeOllama(models(), version) as ollama,
        Wye(one_target(ollama.base_url, kind="ollama", more='model = "llama3"')) as wye,
    ):
        for model in ("llama3", "big", "big:local"):
            status, body = asked(wye, model, PRIVATE)
            assert (status, body["error"]["code"]) == (403, "egress_refused")
        assert chats(ollama) == []
        with Raw(wye, chat("hello", model="up:llama3")) as raw:
            assert raw.answer.status == 200


@pytest.mark.parametrize("version", ["0.17.8-rc0", "0.17.8", "0.18.0-rc1", "1.0.0"])
def test_any_other_is(version: str) -> None:
    with (
        FakeOllama(models(), version) as ollama,
        Wye(one_target(ollama.base_url, kind="ollama", more='model = "llama3"')) as wye,
    ):
        assert asked(wye, "llama3", PRIVATE)[0] == 200
        assert asked(wye, "big", PRIVATE)[0] == 404
        assert ollama.forwarded == []


def test_an_ollama_that_was_exchanged_for_an_older_one_is_noticed(wye: Wye, ollama: FakeOllama) -> None:
    assert asked(wye, "llama3", PRIVATE)[0] == 200
    ollama.stop()
    assert asked(wye, "llama3", PRIVATE)[0] == 503
    ollama.version = "0.17.7"
    ollama.start()
    sent = len(chats(ollama))
    assert asked(wye, "big:local", PRIVATE)[0] == 403
    assert (len(chats(ollama)), ollama.forwarded) == (sent, [])
