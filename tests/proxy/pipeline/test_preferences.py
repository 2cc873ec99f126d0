from __future__ import annotations

from typing import Any, cast

import pytest

from proxy.endpoints.requests import read_context
from proxy.errors import BadRequest
from proxy.pipeline.preferences import brought_labels, forced_target, refuse_misplaced, stated_labels
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
        ({"x-wye-force-provider": "ollama"}, {"force_provider": "local"}, "local"),
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


def test_header_and_body_cannot_force_different_targets() -> None:
    with pytest.raises(BadRequest) as caught:
        forced_target({"x-wye-force-provider": "gpu"}, {"force_provider": "local"}, TARGETS)
    assert caught.value.param == "routing_preferences.force_provider"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("privacy_levle", "Did you mean 'privacy_level'?"),
        ("privacyLevel", "Did you mean 'privacy_level'?"),
        ("PRIVACY_LEVEL", "Did you mean 'privacy_level'?"),
        ("privacy", "Did you mean 'privacy_level'?"),
        ("privacy-level", "Did you mean 'privacy_level'?"),
        (" privacy_level", "Did you mean 'privacy_level'?"),
        ("latency_pref", "Did you mean 'latency_preference'?"),
        ("zzz", "There are: force_provider, privacy_level, latency_preference."),
    ],
)
def test_a_preference_that_there_is_not_is_refused_with_the_nearest(name: str, words: str) -> None:
    with pytest.raises(BadRequest) as caught:
        brought_labels({}, {name: "high"})
    assert (caught.value.param, caught.value.status) == ("routing_preferences", 400)
    assert caught.value.message.endswith(words)
    assert f"'{name}'" not in caught.value.message


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("x-wye-labels", "Did you mean 'x-wye-label'?"),
        ("x-wye-privacy-levle", "Did you mean 'x-wye-privacy-level'?"),
        ("x-wye-privacy_level", "Did you mean 'x-wye-privacy-level'?"),
        ("x-wye-forced-provider", "Did you mean 'x-wye-force-provider'?"),
        ("x-wye-", "There are: x-wye-label, "),
        ("x_wye_label", "Did you mean 'x-wye-label'?"),
        ("x-wye_label", "Did you mean 'x-wye-label'?"),
        ("x_wye_privacy_level", "Did you mean 'x-wye-privacy-level'?"),
        ("xwye-label", "Did you mean 'x-wye-label'?"),
        ("wye-label", "Did you mean 'x-wye-label'?"),
        ("wye_privacy_level", "Did you mean 'x-wye-privacy-level'?"),
    ],
)
def test_a_header_that_there_is_not_is_refused_too(header: str, words: str) -> None:
    with pytest.raises(BadRequest) as caught:
        brought_labels({header: "private"}, {})
    assert words in caught.value.message


def test_a_label_in_several_headers_or_with_commas_is_several_labels() -> None:
    scope = {
        "path": "/v1/chat/completions",
        "query_string": b"",
        "headers": [(b"x-wye-label", b"a"), (b"x-team", b"x"), (b"x-wye-label", b" b,c ")],
        "state": {"wye_id": "wye-1"},
    }
    headers = read_context(cast("Any", scope), b"").headers
    assert brought_labels(headers, {}).labels == {"a", "b", "c"}


@pytest.mark.parametrize(
    ("field", "param"),
    [
        ("routingPreferences", "routing_preferences"),
        ("routing-preferences", "routing_preferences"),
        ("routing_preference", "routing_preferences"),
        ("Routing_Preferences", "routing_preferences"),
        ("routing_prefs", "routing_preferences"),
        ("privacy_level", "routing_preferences.privacy_level"),
        ("privacyLevel", "routing_preferences.privacy_level"),
        ("force_provider", "routing_preferences.force_provider"),
        ("x-wye-label", None),
        ("x_wye_privacy_level", None),
    ],
)
def test_a_wish_in_the_wrong_place_is_refused_and_not_passed_over(field: str, param: str | None) -> None:
    with pytest.raises(BadRequest) as caught:
        refuse_misplaced({"messages": [], field: "high"})
    assert caught.value.param == param


@pytest.mark.parametrize("field", ["routing_preferences", "routing", "preferences", "privacy", "model", "provider"])
def test_other_fields_are_nobodys_business_but_the_upstreams(field: str) -> None:
    refuse_misplaced({field: "high"})


def test_a_preference_that_the_rules_ask_for_may_be_stated() -> None:
    facts = frozenset({"preference.tier", "secrets", "header.x-team"})
    assert brought_labels({}, {"tier": "gold"}, facts).labels == frozenset()
    with pytest.raises(BadRequest):
        brought_labels({}, {"x-team": "gold"}, facts)


@pytest.mark.parametrize(
    ("headers", "preferences"),
    [
        ({}, {"latency_preference": "speed"}),
        ({}, {"latency_preference": "balanced"}),
        ({}, {"latency_preference": None}),
        ({"x-wye-latency-preference": "quality"}, {}),
        ({"x-wye-latency-preference": "quality"}, {"latency_preference": "quality"}),
        ({"x-wye-deadline": "5s", "x-wye-explain": "1", "x-team": "a"}, {}),
    ],
)
def test_a_latency_preference_adds_no_label(headers: dict[str, str], preferences: dict[str, Any]) -> None:
    assert brought_labels(headers, preferences).labels == frozenset()


@pytest.mark.parametrize(
    ("headers", "preferences"),
    [
        ({}, {"latency_preference": "fast"}),
        ({}, {"latency_preference": "SPEED"}),
        ({}, {"latency_preference": ["speed"]}),
        ({}, {"latency_preference": 5}),
        ({"x-wye-latency-preference": ""}, {}),
        ({"x-wye-latency-preference": "speed, speed"}, {}),
        ({"x-wye-latency-preference": "speed"}, {"latency_preference": "quality"}),
    ],
)
def test_what_is_no_latency_preference_or_two_is_refused(headers: dict[str, str], preferences: dict[str, Any]) -> None:
    with pytest.raises(BadRequest) as caught:
        brought_labels(headers, preferences)
    assert caught.value.param == "routing_preferences.latency_preference"


@pytest.mark.parametrize(
    ("headers", "preferences", "labels"),
    [
        ({}, None, set()),
        ({"x-wye-label": "Legal, hr,, not one"}, None, {"legal", "hr"}),
        ({"x-wye-privacy-level": "high"}, None, {"private"}),
        ({"x-wye-privacy-level": "hihg"}, None, {"private"}),
        ({"x-wye-privacy-level": "standard"}, {"privacy_level": 5}, {"private"}),
        ({"x-wye-privacy-level": "standard", "x-wye-labl": "x"}, ["odd"], set()),
        ({"x-wye-label": "legal"}, {"privacy_level": "max"}, {"legal", "private"}),
    ],
)
def test_of_a_refused_request_all_that_can_be_read_binds(
    headers: dict[str, str], preferences: object, labels: set[str]
) -> None:
    assert stated_labels(headers, preferences) == labels
