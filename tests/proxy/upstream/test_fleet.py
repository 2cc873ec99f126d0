from __future__ import annotations

from typing import Any

import msgspec
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
    assert here.states["local"] == TargetState(up=True)
    here.failed("local", "gone")
    assert here.states["local"] == TargetState(down="gone")
    here.failed("local", "gone")
    here.listed("local", ["llama3.2"])
    assert here.states["local"].down is None


def test_it_is_known_which_of_a_clients_headers_travel_to_anybody() -> None:
    targets = {"a": target("openai"), "b": target(pass_headers=["X-Mine"]), "c": target("ollama")}
    assert Fleet(targets, {}, "a", "v").passed_up == {"openai-beta", "idempotency-key", "x-mine"}
    assert Fleet({"c": target("ollama")}, {}, "a", "v").passed_up == frozenset()


def successor(**changed: Any) -> tuple[Fleet, Fleet, frozenset[str]]:
    """Take over from a fleet of one target whose table, or key, was another."""
    before = Fleet({"up": target(max_in_flight=1)}, {"up": "sk-old"}, "wye/test", "wye-test")
    before.listed("up", ["m"])
    before.failed("up", "gone")
    key = changed.pop("secret", "sk-old")
    made = Fleet({"up": target(**{"max_in_flight": 1, **changed})}, {"up": key}, "wye/test", "wye-test")
    return before, made, made.take_over(before)


@pytest.mark.parametrize(
    "changed",
    [{}, {"accepts": ["*"]}, {"model": "m"}, {"strict": True}, {"max_in_flight": 2}, {"timeouts": {"idle": "5s"}}],
)
def test_what_is_known_of_a_target_outlives_a_change_that_makes_no_difference_to_it(changed: dict[str, Any]) -> None:
    before, made, same = successor(**changed)
    assert same == {"up"}
    assert (
        made.states["up"] == before.states["up"] == TargetState(models=frozenset({"m"}), default_model="m", down="gone")
    )


@pytest.mark.parametrize(
    "changed",
    [
        {"url": "http://127.0.0.1:2/v1"},
        {"kind": "ollama"},
        {"secret": "sk-new"},
        {"auth": "header:api-key"},
        {"headers": {"x-a": "b"}},
        {"query": {"a": "b"}},
        {"organization": "org"},
        {"models": ["m*"]},
    ],
)
def test_nothing_is_known_of_a_target_that_is_elsewhere_or_asked_otherwise(changed: dict[str, Any]) -> None:
    _, made, same = successor(**changed)
    assert same == frozenset()
    assert made.states["up"] == TargetState()


@pytest.mark.parametrize(
    ("changed", "kept"),
    [
        ({}, True),
        ({"secret": "sk-new"}, True),
        ({"accepts": ["*"]}, True),
        ({"max_in_flight": 2}, False),
        ({"queue": {"size": 1}}, False),
        ({"url": "http://127.0.0.1:2/v1"}, False),
    ],
)
def test_the_gate_stays_while_place_and_limits_do_so_that_the_limit_holds(changed: dict[str, Any], kept: bool) -> None:
    before, made, _ = successor(**changed)
    assert (made.members["up"].gate is before.members["up"].gate) == kept


def test_a_target_that_is_new_begins_anew() -> None:
    made = Fleet({"new": target()}, {}, "wye/test", "wye-test")
    assert made.take_over(fleet()) == frozenset()
    assert made.states == {"new": TargetState()}


def test_what_is_measured_is_part_of_the_state_and_outlives_a_reload() -> None:
    before = Fleet({"up": target("ollama", max_in_flight=2)}, {}, "wye/test", "wye-test")
    before.members["up"].measures.first_token.add(0.5)
    before.members["up"].measures.tokens_per_second.add(40)
    before.told_loaded("up", frozenset({"m"}))
    state = TargetState(busy=0.0, loaded=frozenset({"m"}), first_token=0.5, tokens_per_second=40)
    assert before.states_now() == {"up": state}
    made = Fleet({"up": target("ollama", max_in_flight=2)}, {}, "wye/test", "wye-test")
    made.take_over(before)
    assert made.states_now() == {"up": msgspec.structs.replace(state, loaded=None)}
    before.members["up"].measures.first_token.add(0.5)  # a stream that began before ends now
    assert made.members["up"].measures is before.members["up"].measures
    elsewhere = Fleet({"up": target("ollama", "http://127.0.0.1:2/v1")}, {}, "wye/test", "wye-test")
    elsewhere.take_over(before)
    assert elsewhere.states_now() == {"up": TargetState()}


def test_what_is_loaded_is_unknown_once_a_target_cannot_be_asked() -> None:
    here = fleet()
    here.told_loaded("local", frozenset())
    assert here.states_now()["local"].loaded == frozenset()
    here.told_loaded("local", None)
    assert here.states_now()["local"].loaded is None
    here.told_loaded("local", frozenset({"m"}))
    here.failed("local", "gone")
    assert here.states_now()["local"].loaded is None


def test_a_model_that_has_answered_is_loaded_where_it_is_asked_what_is() -> None:
    here = fleet()
    here.answered("local", "m")
    assert here.states_now()["local"].loaded is None
    here.told_loaded("local", frozenset({"x"}))
    here.answered("local", "m")
    assert here.states_now()["local"].loaded == frozenset({"x", "m"})
    here.told_loaded("local", frozenset({"x"}))
    assert here.states_now()["local"].loaded == frozenset({"x"})


def test_a_version_is_remembered_until_something_goes_wrong_there() -> None:
    here = fleet()
    assert here.version("local") is None
    here.told_version("local", "0.34.0")
    here.answered("local")
    here.listed("local", ["llama3.2"])
    here.failed("gpu", "gone")
    assert (here.version("local"), here.version("gpu")) == ("0.34.0", None)
    here.failed("local", "gone")
    assert here.version("local") is None


def test_a_target_that_tells_no_version_has_none_any_more() -> None:
    here = fleet()
    here.told_version("local", "0.34.0")
    here.told_version("local", None)
    assert here.version("local") is None
    here.told_version("local", "0.34.0")
    here.doubted("local")
    assert here.version("local") is None
