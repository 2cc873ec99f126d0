"""A real wye counts the tokens of a prompt where a rule's limit lies between what its bytes tell."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.fakes.ollama import FakeOllama
from tests.fakes.upstream import FakeOpenAI
from tests.journeys.raw import Raw, chat, ready
from tests.wye_process import Wye, two_targets

AROUND = 7  # tokens: 3 for the message, 1 for its role, 3 for the reply
RULES = """
[[rule]]
name = "long"
when = { prompt_tokens = ">= 3000" }
use = ["cloud"]
[[rule]]
name = "not long"
when = { prompt_tokens = "< 3000" }
use = ["cloud"]
[[rule]]
name = "cannot tell"
use = ["cloud"]
"""


@pytest.fixture(scope="module")
def wye(local: FakeOllama, cloud: FakeOpenAI) -> Iterator[Wye]:
    with Wye(two_targets(local.base_url, cloud.base_url, rules=RULES)) as server:
        yield ready(server)


def words(count: int) -> str:
    return " word" * count


def rule_for(wye: Wye, text: str, **more: Any) -> str:
    with Raw(wye, chat(text, **more)) as raw:
        raw.rest()
        return raw.headers["x-wye-rule"]


def explained(wye: Wye, text: str, **more: Any) -> dict[str, Any]:
    with Raw(wye, chat(text, **more), path="/wye/explain") as raw:
        found: dict[str, Any] = raw.json()
        return found


def test_one_token_more_or_less_decides_once_the_table_is_there(wye: Wye) -> None:
    while rule_for(wye, words(2992)) == "cannot tell":
        assert wye.process.poll() is None  # the table is read in the background, and no request waits for it
    assert rule_for(wye, words(2992)) == "not long"
    assert rule_for(wye, words(2993)) == "long"
    assert rule_for(wye, words(5)) == "not long"
    assert rule_for(wye, words(5000)) == "long"


def test_an_explanation_counts_and_says_with_what(wye: Wye) -> None:
    facts = explained(wye, words(5), model="gpt-4o")["facts"]
    assert (facts["prompt_tokens"], facts["counted_with"]) == (5 + AROUND, "o200k_base")
    old = explained(wye, words(5), model="gpt-4")["facts"]
    assert (old["prompt_tokens"], old["counted_with"]) == (5 + AROUND, "cl100k_base")


def test_for_a_model_whose_table_nobody_knows_it_is_an_estimate_that_may_leave_it_open(wye: Wye) -> None:
    explained(wye, words(5), model="gpt-4o")  # reads the table, if that is still to come
    assert rule_for(wye, words(2992), model="mistral") == "cannot tell"
    assert rule_for(wye, words(1000), model="mistral") == "not long"
    found = explained(wye, words(2992), model="mistral")
    assert found["facts"]["counted_with"] == "o200k_base, as an estimate"
    assert found["facts"]["prompt_tokens"] == {"low": 2992, "high": 6062}


def test_a_file_may_say_in_a_test_what_must_become_of_a_prompt_of_some_length(
    local: FakeOllama, cloud: FakeOpenAI
) -> None:
    given = f'given = {{ prompt = "{words(2993)}", model = "gpt-4o" }}\nexpect = {{ rule = "long" }}\n'
    extra = f'[[test]]\nname = "long enough"\n{given}'
    with Wye(two_targets(local.base_url, cloud.base_url, rules=RULES, extra=extra)) as wye:
        assert rule_for(ready(wye), words(2993)) == "long"
