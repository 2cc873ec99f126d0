from __future__ import annotations

import pytest

from proxy.providers.local_names import honours_local, is_cloud, kept_local
from tests.fakes.golang import GoError
from tests.fakes.ollama_names import parse_ref


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("gpt-oss:cloud", True),
        ("gpt-oss:120b-cloud", True),
        ("gpt-oss:120b:cloud", True),
        ("GPT-OSS:Cloud", True),
        ("gpt-oss: cloud ", True),
        ("gpt-oss", False),
        ("gpt-oss:120b", False),
        ("cloud", False),
        ("cloud:latest", False),
        ("my-cloud", False),
        ("gpt-oss:cloudy", False),
        ("", False),
    ],
)
def test_a_model_of_ollamas_own_cloud_is_known_by_its_tag(model: str, expected: bool) -> None:
    assert is_cloud(model) is expected


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("llama3", "llama3:local"),
        ("llama3:8b", "llama3:8b:local"),
        ("llama3:latest", "llama3:latest:local"),
        ("someone/llama3", "someone/llama3:local"),
        ("hf.co/someone/llama3:Q4_K_M", "hf.co/someone/llama3:Q4_K_M:local"),
        ("registry.example:5000/someone/llama3", "registry.example:5000/someone/llama3:local"),
        (" llama3 ", "llama3:local"),
        ("llama3:local", "llama3:local"),
        ("llama3:8b:LOCAL", "llama3:8b:LOCAL"),
        ("llama3: local ", "llama3: local"),
    ],
)
def test_a_name_that_is_kept_local_is_the_same_model_to_ollama(model: str, expected: str) -> None:
    kept = kept_local(model)
    assert kept == expected
    assert parse_ref(kept).source == "local"
    assert parse_ref(kept).name == parse_ref(model).name


@pytest.mark.parametrize("model", ["gpt-oss:cloud", "gpt-oss:20b-cloud", "gpt-oss:20b:Cloud", "", ":", "a:"])
def test_no_name_asks_the_cloud_once_it_is_kept_local(model: str) -> None:
    with pytest.raises(GoError):
        parse_ref(kept_local(model))


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("0.17.8", True),
        ("0.17.8-rc0", True),
        ("v0.18.0", True),
        ("0.18.0-rc1", True),
        ("0.34.0", True),
        ("1.0.0", True),
        ("0.100.0+build.5", True),
        ("0.18.1-12-gabc123", True),
        ("0.17.7", False),
        ("0.17.7-rc2", False),
        ("0.17.7-5-gabc123", False),
        ("0.9.10", False),
        ("0.1.99", False),
        ("0.0.0", False),
        ("0.0.0-dev", False),
        ("", False),
        (None, False),
        ("0.18", False),
        ("0.18.x", False),
        ("0.18.0 ", False),
        ("0.18.0\n", False),
        ("latest", False),
        ("18", False),
        ("0.18.\u0660", False),
        ("0.17.7.0.18.0", False),
        ("9" * 50 + ".0.0", False),
    ],
)
def test_only_a_version_that_is_known_to_honour_it_is_trusted(version: str | None, expected: bool) -> None:
    assert honours_local(version) is expected
