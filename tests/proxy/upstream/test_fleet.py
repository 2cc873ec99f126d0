from __future__ import annotations

import pytest

from proxy.providers import PROVIDERS
from proxy.upstream.fleet import Fleet
from routing_rules import TargetState
from tests.fakes.rule_files import target


def fleet() -> Fleet:
    targets = {"local": target("ollama"), "cloud": target("openai"), "gpu": target()}
    return Fleet(targets, {"cloud": "sk-cloud"}, "wye/test", "wye-test")


def test_every_target_has_the_provider_of_its_kind_and_its_own_key() -> None:
    members = fleet().members
    assert {name: member.provider for name, member in members.items()} == {
        "local": PROVIDERS["ollama"],
        "cloud": PROVIDERS["openai"],
        "gpu": PROVIDERS["compatible"],
    }
    keys = {name: member.destination.get("/models").headers.get("authorization") for name, member in members.items()}
    assert keys == {"local": None, "cloud": "Bearer sk-cloud", "gpu": None}
    assert members["local"].gate is not members["gpu"].gate


def test_nothing_is_known_of_a_target_at_first() -> None:
    assert fleet().states == dict.fromkeys(("local", "cloud", "gpu"), TargetState())


@pytest.mark.parametrize(
    ("models", "default"),
    [
        (["llama3.2", "qwen3"], "llama3.2"),
        (["nomic-embed-text", "llama3.2"], "llama3.2"),
        (["whisper-1", "tts-1", "dall-e-3", "omni-moderation-latest", "gpt-4o-realtime", "gpt-4o"], "gpt-4o"),
        (["text-embedding-3-small", "Nomic-Embed-Text"], None),
        ([], None),
    ],
)
def test_the_default_is_the_first_that_can_chat(models: list[str], default: str | None) -> None:
    here = fleet()
    here.listed("local", models)
    assert here.states["local"] == TargetState(models=frozenset(models), default_model=default)


def test_a_target_that_is_down_keeps_what_it_has() -> None:
    here = fleet()
    here.listed("local", ["llama3.2"])
    here.failed("local", "gone")
    assert here.states["local"] == TargetState(models=frozenset({"llama3.2"}), default_model="llama3.2", down="gone")
    assert here.states["cloud"] == TargetState()


def test_a_target_that_answers_is_up_again() -> None:
    here = fleet()
    here.failed("local", "gone")
    here.answered("local")
    assert here.states["local"] == TargetState()
    here.failed("local", "gone")
    here.listed("local", ["llama3.2"])
    assert here.states["local"].down is None


def test_it_is_known_which_of_a_clients_headers_travel_to_anybody() -> None:
    targets = {"a": target("openai"), "b": target(pass_headers=["X-Mine"]), "c": target("ollama")}
    assert Fleet(targets, {}, "a", "v").passed_up == {"openai-beta", "idempotency-key", "x-mine"}
    assert Fleet({"c": target("ollama")}, {}, "a", "v").passed_up == frozenset()
