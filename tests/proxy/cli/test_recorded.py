import json
from typing import Any

import pytest
from click import ClickException

from proxy.cli.recorded import explain_recorded, find_recorded, then
from proxy.config.schema import FactsLog
from routing_rules.diff import Recorded
from tests.fakes.command_files import RULES, run, write
from tests.fakes.rule_files import rule_book

pytestmark = pytest.mark.usefixtures("folder")
LOG = FactsLog(path="facts.jsonl")
FACTS = {
    "model": "gpt-4o",
    "stream": False,
    "prompt_tokens": {"low": 1, "high": 97},
    "healthy.cloud": True,
    "secrets": False,
    "matches:(?i)\\bpassport\\b": False,
    "header.x-team": None,
}
PLAIN: dict[str, Any] = {
    "id": "wye-1",
    "at": "2026-01-02T03:04:05+00:00",
    "facts": FACTS,
    "draw": 0.5,
    "rule": "an older rule",
    "target": "cloud:gpt-4o",
    "status": 200,
}
LABELLED = {"id": "wye-2", "labels": ["private"], "rule": "named by the client", "target": "local:a:b", "status": 200}


def logged(*entries: dict[str, Any], name: str = "facts.jsonl", end: str = "") -> None:
    write(name, "".join(json.dumps(entry) + "\n" for entry in entries) + end)


def explained(*arguments: str) -> str:
    write("wye.toml", RULES + '[facts_log]\npath = "facts.jsonl"\n')
    result = run("explain", "wye.toml", *arguments)
    assert result.exit_code == 0, result.output
    return result.output


def test_a_past_request_says_what_was_and_what_would_be() -> None:
    logged(PLAIN, LABELLED, end='{"id": "wye-3", "fac')
    lines = explained("--id", "wye-1").splitlines()
    assert lines[:3] == [
        "wye-1: at 2026-01-02T03:04:05+00:00 it went to cloud:gpt-4o, by the rule “an older rule” (status 200).",
        "By the rules of now:",
        "It goes to cloud:gpt-4o, by the rule “big models go out”; should that fail, to local:llama3.2.",
    ]
    assert "  (the body is not recorded; what it held already may stay as it was)" in lines
    assert "  prompt_tokens: between 1 and 97" in lines


def test_of_a_labelled_one_it_says_all_that_is_known() -> None:
    logged(LABELLED)
    assert explained("--id", "wye-2") == (
        "wye-2: then it went to local:a:b, named by the client (status 200).\n"
        "It was labelled private, so no fact of it is recorded: no rule can be asked again.\n"
    )
    data = json.loads(explained("--id", "wye-2", "--json"))
    assert [one["label"] for one in data["labels"]] == ["private"]
    assert data["candidates"] == [{"target": "local", "model": "a:b"}]
    assert data["facts"] == {}


def test_programs_read_the_same() -> None:
    logged(PLAIN)
    data = json.loads(explained("--id", "wye-1", "--json"))
    assert data["facts"] == FACTS
    assert data["recorded"] == {key: value for key, value in PLAIN.items() if key != "facts"}
    assert data["rule"] == "big models go out"


def test_the_file_before_this_one_is_searched_too() -> None:
    logged(LABELLED)
    logged(PLAIN, name="facts.jsonl.1")
    assert find_recorded(LOG, "wye-1").rule == "an older rule"


def test_the_last_of_two_lines_counts() -> None:
    logged(PLAIN, {**PLAIN, "rule": "later"})
    assert find_recorded(LOG, "wye-1").rule == "later"


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        (FactsLog(), "no [facts_log] path"),
        (LOG, "facts.jsonl holds no request wye-9"),
        (FactsLog(path="none.jsonl"), "none.jsonl is not there yet"),
        (FactsLog(path="."), "cannot be read"),
    ],
)
def test_what_is_not_found_is_said(table: FactsLog, sentence: str) -> None:
    logged(PLAIN)
    with pytest.raises(ClickException) as raised:
        find_recorded(table, "wye-9")
    assert sentence in raised.value.message


def test_a_fact_that_is_not_recorded_is_named() -> None:
    with pytest.raises(ClickException) as raised:
        explain_recorded(rule_book(), Recorded(id="wye-1", facts={"stream": True}))
    assert raised.value.message == "the facts log does not hold model of wye-1: put it into [facts_log] fields"


def test_labels_that_it_brought_bind_again_and_a_forced_target_that_is_gone_does_not() -> None:
    request = Recorded(id="wye-1", facts={"model": "m"}, brought=("board",), forced="gone")
    told = explain_recorded(rule_book(), request)
    assert [(one.label, one.why) for one in told.labels] == [("board", "brought by the request")]
    assert told.skipped is None


@pytest.mark.parametrize(
    ("request_", "first"),
    [
        (Recorded(id="a"), "a: then nobody was given it."),
        (Recorded(id="a", status=403, rule="r"), "a: then nobody was given it, by the rule “r” (status 403)."),
    ],
)
def test_what_became_of_it(request_: Recorded, first: str) -> None:
    assert next(then(request_)) == first
