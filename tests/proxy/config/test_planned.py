import pytest

from proxy.config.decode import Decoder
from proxy.config.planned import NOT_YET, planned_key, planned_value
from proxy.config.schema import Config
from routing_rules import Path


@pytest.mark.parametrize(
    ("table", "keys"),
    [
        ((), "fact template complexity test admin store tier telemetry facts_log"),
        (("target", "local"), "serves api options prefill proxy tls transport price"),
        (("rule", 0), "order weights hash prompt cache shadow limit on resume hedge"),
        (("server",), "timezone include"),
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
        (("label", 0, "when"), "secret"),
        (("rule", 2, "when"), ["hard", "long"]),
    ],
)
def test_a_value_that_is_still_to_come_is_refused_as_such(path: Path, value: object) -> None:
    problem = planned_value(path, value)
    assert problem is not None
    assert NOT_YET in problem.expected


@pytest.mark.parametrize(("path", "value"), [(("target", "local", "url"), 5), (("rule", 0, "name"), ["a"])])
def test_any_other_value_is_not(path: Path, value: object) -> None:
    assert planned_value(path, value) is None


def test_a_planned_key_is_never_taken_for_a_misspelling() -> None:
    decoder = Decoder()
    decoder.table(Config, {"test": [{"name": "x"}], "store": {"url": "memory:"}})
    assert {problem.nearest for problem in decoder.problems} == {None}
    assert len(decoder.problems) == 2
