from __future__ import annotations

from typing import Any

import pytest

from proxy.errors import BadRequest
from proxy.pipeline.preferences import brought_labels, forced_target
from tests.fakes.rule_files import target

TARGETS = {"local": target("ollama"), "cloud": target("openai"), "gpu": target(), "spare": target()}


@pytest.mark.parametrize(
    ("headers", "preferences", "expected"),
    [
        ({}, {}, []),
        ({"x-wye-label": "legal"}, {}, ["legal"]),
        ({"x-wye-label": " legal , top-secret_2,, "}, {}, ["legal", "top-secret_2"]),
        ({"x-wye-label": ""}, {}, []),
        ({"x-wye-privacy-level": "standard"}, {}, []),
        ({"x-wye-privacy-level": "high"}, {}, ["private"]),
        ({"x-wye-privacy-level": "max"}, {}, ["private"]),
        ({}, {"privacy_level": "high"}, ["private"]),
        ({}, {"privacy_level": None}, []),
        ({"x-wye-privacy-level": "high"}, {"privacy_level": "standard"}, ["private"]),
        ({"x-wye-privacy-level": "standard"}, {"privacy_level": "max"}, ["private"]),
        ({"x-wye-label": "legal", "x-wye-privacy-level": "high"}, {}, ["legal", "private"]),
    ],
)
def test_a_caller_adds_labels_and_whoever_says_more_is_heard(
    headers: dict[str, str], preferences: dict[str, Any], expected: list[str]
) -> None:
    labelled = brought_labels(headers, preferences)
    assert sorted(labelled.labels) == expected
    assert {label for label, _ in labelled.reasons} == set(expected)


@pytest.mark.parametrize("label", ["a b", "*", "a;b", "private\x00", "-", "_-_", "a.b", "\u00c3\u00a9"])
def test_what_is_no_label_is_refused_and_not_lost(label: str) -> None:
    with pytest.raises(BadRequest, match="x-wye-label"):
        brought_labels({"x-wye-label": f"legal,{label}"}, {})


@pytest.mark.parametrize("level", ["low", "HIGH", "", 5, True, [], {}, "high, standard"])
def test_what_is_no_level_is_refused_and_not_taken_for_the_lowest(level: Any) -> None:
    with pytest.raises(BadRequest) as caught:
        brought_labels({}, {"privacy_level": level})
    assert caught.value.param == "routing_preferences.privacy_level"


def test_the_headers_level_is_judged_as_the_bodys_is() -> None:
    with pytest.raises(BadRequest):
        brought_labels({"x-wye-privacy-level": "high, standard"}, {"privacy_level": "high"})


@pytest.mark.parametrize(
    ("headers", "preferences", "expected"),
    [
        ({}, {}, None),
        ({}, {"force_provider": None}, None),
        ({"x-wye-force-provider": "cloud"}, {}, "cloud"),
        ({}, {"force_provider": "local"}, "local"),
        ({}, {"force_provider": "ollama"}, "local"),
        ({}, {"force_provider": "openai"}, "cloud"),
        ({"x-wye-force-provider": "gpu"}, {"force_provider": "local"}, "gpu"),
        ({"x-wye-force-provider": ""}, {"force_provider": "local"}, "local"),
    ],
)
def test_a_target_is_forced_by_its_name_or_by_a_kind_of_which_it_is_the_only_one(
    headers: dict[str, str], preferences: dict[str, Any], expected: str | None
) -> None:
    assert forced_target(headers, preferences, TARGETS) == expected


@pytest.mark.parametrize(
    "forced", ["nobody", "compatible", "CLOUD", "cloud:gpt-4o", "cloud, local", 5, [], {}, ["cloud"], ""]
)
def test_what_forces_nobody_is_refused(forced: Any) -> None:
    with pytest.raises(BadRequest) as caught:
        forced_target({}, {"force_provider": forced}, TARGETS)
    assert caught.value.param == "routing_preferences.force_provider"
