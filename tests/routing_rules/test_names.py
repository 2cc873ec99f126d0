from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing_rules import Target, TargetState
from routing_rules.names import OPENAI_NAMES, Use, has_model, renamed, split, upstream_model
from tests.fakes.rule_files import target

ONE_OF_EACH = {"local": target("ollama"), "cloud": target("openai"), "gpu": target()}
TWO_OLLAMAS = {"laptop": target("ollama"), "server": target("ollama"), "cloud": target("openai")}
LISTED = TargetState(models=frozenset({"llama3.2:latest", "qwen3:8b", "plain"}), default_model="llama3.2:latest")
EMPTY = TargetState(models=frozenset())
UNASKED = TargetState()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("gpt-4o", None),
        ("llama3.1:8b", None),
        ("library/llama3:8b-instruct-q4_0", None),
        ("hf.co/bartowski/Llama-3.2-1B-Instruct-GGUF:Q4_K_M", None),
        ("local:llama3.1:8b", Use("local", "llama3.1:8b")),
        ("local:llama3.2", Use("local", "llama3.2")),
        ("local:*", Use("local", "*")),
        ("cloud:ft:gpt-4o-mini:acme::1", Use("cloud", "ft:gpt-4o-mini:acme::1")),
        ("ollama:llama3.1:8b", Use("local", "llama3.1:8b")),
        ("openai:gpt-4o", Use("cloud", "gpt-4o")),
        ("compatible:anything", None),
        ("gpu:anything", Use("gpu", "anything")),
        ("LOCAL:llama3.2", None),
        ("local:", None),
        (":llama3", None),
        ("local", None),
        ("", None),
        (":", None),
    ],
)
def test_a_colon_belongs_to_the_name_unless_a_target_stands_before_it(name: str, expected: Use | None) -> None:
    assert split(name, ONE_OF_EACH) == expected


def test_a_kind_names_a_target_only_where_it_is_the_only_one_of_that_kind() -> None:
    assert split("ollama:llama3", TWO_OLLAMAS) is None
    assert split("openai:gpt-4o", TWO_OLLAMAS) == Use("cloud", "gpt-4o")
    assert split("openai:gpt-4o", {"local": target("ollama")}) is None


def test_a_target_goes_before_a_kind_of_the_same_name() -> None:
    targets = {"openai": target("compatible"), "cloud": target("openai")}
    assert split("openai:gpt-4o", targets) == Use("openai", "gpt-4o")


@given(st.sampled_from([*ONE_OF_EACH]), st.text(min_size=1))
def test_what_stands_behind_a_target_is_its_model_whatever_it_looks_like(name: str, model: str) -> None:
    assert split(f"{name}:{model}", ONE_OF_EACH) == Use(name, model)


@pytest.mark.parametrize(
    ("use", "written"), [(Use("local"), "local"), (Use("local", "a:b"), "local:a:b"), (Use("local", "*"), "local:*")]
)
def test_a_use_is_written_as_a_rule_has_it(use: Use, written: str) -> None:
    assert str(use) == written


@pytest.mark.parametrize(
    ("has", "state", "model", "expected"),
    [
        (target("openai"), UNASKED, "gpt-4o", True),
        (target("openai"), UNASKED, "o3-mini", True),
        (target("openai"), UNASKED, "llama3.2", None),
        (target("ollama"), UNASKED, "gpt-4o", None),
        (target("ollama"), UNASKED, "llama3.2", None),
        (target("openai"), EMPTY, "gpt-4o", False),
        (target("ollama"), LISTED, "llama3.2", True),
        (target("ollama"), LISTED, "llama3.2:latest", True),
        (target("ollama"), LISTED, "qwen3", False),
        (target("ollama"), LISTED, "qwen3:8b", True),
        (target("compatible"), LISTED, "llama3.2", False),
        (target(models=["qwen*"]), LISTED, "qwen3:4b", True),
        (target(models=["qwen*"]), LISTED, "plain", False),
        (target(models=["qwen*"]), UNASKED, "plain", False),
        (target(models=[]), LISTED, "plain", False),
        (target(models={"small": "gpt-4o-mini"}), UNASKED, "small", True),
        (target(models={"small": "gpt-4o-mini"}), LISTED, "gpt-4o-mini", False),
        (target(models={"gpt-*": "deployment"}), UNASKED, "gpt-4o", False),
        (target(models={"GPT-4o": "deployment"}), UNASKED, "gpt-4o", False),
    ],
)
def test_whether_a_target_has_a_model_is_known_or_not(
    has: Target, state: TargetState, model: str, expected: bool | None
) -> None:
    assert has_model(has, state, model) is expected


OLLAMA = target("ollama", model="llama3.2")
NO_DEFAULT = target("ollama")
AZURE = target("openai", models={"small": "deployment-1", "large": "deployment-2"}, model="large")


@pytest.mark.parametrize(
    ("use", "asked", "of", "state", "expected"),
    [
        # The rule's own model goes before anything else, known or not.
        (Use("t", "qwen3:8b"), "llama3.2", OLLAMA, LISTED, "qwen3:8b"),
        (Use("t", "nobody-has-it"), None, OLLAMA, LISTED, "nobody-has-it"),
        # `*` keeps the client's, known or not; without one, the target's.
        (Use("t", "*"), "nobody-has-it", OLLAMA, LISTED, "nobody-has-it"),
        (Use("t", "*"), None, OLLAMA, LISTED, "llama3.2"),
        # The client's, where the target has it.
        (Use("t"), "plain", OLLAMA, LISTED, "plain"),
        (Use("t"), "llama3.2", NO_DEFAULT, LISTED, "llama3.2"),
        (Use("t"), "gpt-4o", target("openai", model="gpt-4o-mini"), UNASKED, "gpt-4o"),
        # Else the target's own, else the first that it lists.
        (Use("t"), "gpt-4o", OLLAMA, LISTED, "llama3.2"),
        (Use("t"), "gpt-4o", NO_DEFAULT, LISTED, "llama3.2:latest"),
        (Use("t"), None, NO_DEFAULT, LISTED, "llama3.2:latest"),
        # While the catalogue is unknown: the target's own, and the client's as the last resort.
        (Use("t"), "something", OLLAMA, UNASKED, "llama3.2"),
        (Use("t"), "something", NO_DEFAULT, UNASKED, "something"),
        (Use("t"), None, NO_DEFAULT, UNASKED, None),
        # Known not to be there, and nothing in its place.
        (Use("t"), "gpt-4o", NO_DEFAULT, EMPTY, None),
        (Use("t"), "", NO_DEFAULT, EMPTY, None),
        # A map renames whatever name it was chosen by.
        (Use("t"), "small", AZURE, UNASKED, "deployment-1"),
        (Use("t", "small"), None, AZURE, UNASKED, "deployment-1"),
        (Use("t", "*"), "small", AZURE, UNASKED, "deployment-1"),
        (Use("t"), "unknown", AZURE, UNASKED, "deployment-2"),
        (Use("t", "deployment-9"), None, AZURE, UNASKED, "deployment-9"),
    ],
)
def test_the_upstream_is_asked_for_the_model_that_fits_best(
    use: Use, asked: str | None, of: Target, state: TargetState, expected: str | None
) -> None:
    assert upstream_model(use, asked, of, state) == expected


def test_only_a_map_renames() -> None:
    assert renamed(AZURE, "small") == "deployment-1"
    assert renamed(target(models=["small"]), "small") == "small"
    assert renamed(target(), "small") == "small"


def test_openais_names_are_no_names_of_local_models() -> None:
    state = TargetState()
    cloud = target("openai")
    ours = ["llama3.2", "qwen3:8b", "mistral", "gemma3:4b", "deepseek-r1", "phi4", "gpt4all", "openchat"]
    assert [name for name in ours if has_model(cloud, state, name)] == []
    assert all("*" in name for name in OPENAI_NAMES)
