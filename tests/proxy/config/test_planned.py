import pytest

from proxy.config.decode import Decoder
from proxy.config.planned import NOT_YET, is_offered, planned_key, planned_value
from proxy.config.schema import Config
from routing_rules import Path


@pytest.mark.parametrize(
    ("table", "keys"),
    [
        ((), "admin store tier telemetry"),
        (("target", "local"), "serves api options prefill proxy tls transport price"),
        (("rule", 0), "cache shadow limit on resume hedge"),
        (("test", 2, "given"), "key group"),
    ],
)
def test_a_key_that_is_still_to_come_is_refused_as_such(table: Path, keys: str) -> None:
    for key in keys.split():
        problem = planned_key(table, key)
        assert problem is not None
        assert NOT_YET in problem.expected
        assert problem.path == (*table, key)


@pytest.mark.parametrize(("table", "key"), [((), "target"), (("server",), "order"), (("target", "a", "queue"), "api")])
def test_any_other_key_is_not(table: Path, key: str) -> None:
    assert planned_key(table, key) is None


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("target", "local", "url"), ["http://a/v1", "http://b/v1"]),
        (("rule", 2, "order"), "cheapest"),
    ],
)
def test_a_value_that_is_still_to_come_is_refused_as_such(path: Path, value: object) -> None:
    problem = planned_value(path, value)
    assert problem is not None
    assert NOT_YET in problem.expected


@pytest.mark.parametrize(
    ("path", "value"), [(("target", "local", "url"), 5), (("rule", 0, "name"), ["a"]), (("rule", 0, "order"), "x")]
)
def test_any_other_value_is_not(path: Path, value: object) -> None:
    assert planned_value(path, value) is None


def test_a_planned_key_is_never_taken_for_a_misspelling() -> None:
    decoder = Decoder()
    decoder.table(Config, {"telemetry": {}, "store": {"url": "memory:"}})
    assert {problem.nearest for problem in decoder.problems} == {None}
    assert len(decoder.problems) == 2


@pytest.mark.parametrize(
    "fact", ["model", "secrets@user", "pii.email@user", "matches:cost", "header.cost", "warm.local", "first_token.a"]
)
def test_facts_of_this_version_are_offered(fact: str) -> None:
    assert is_offered(fact)


@pytest.mark.parametrize("fact", ["complexity", "budget_used", "pii.name", "pii.address@user", "group"])
def test_facts_that_are_still_to_come_are_not(fact: str) -> None:
    assert not is_offered(fact)
