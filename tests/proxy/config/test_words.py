from typing import Any, Literal

import pytest

from proxy.config.words import shown, wanted
from routing_rules import Target
from routing_rules.units import Bytes, Seconds


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (str, "a string"),
        (bool, "true or false"),
        (int, "a whole number"),
        (str | None, "a string"),
        (Seconds, 'a duration such as "500ms", "5s" or "10m"'),
        (Bytes, 'a size such as "500 kB" or "20 MB"'),
        (Literal["ollama", "openai"], "one of ollama, openai"),
        (tuple[str, ...], "a list of strings"),
        (tuple[Target, ...], "a list of tables"),
        (dict[str, str], "a table of strings"),
        (dict[str, Any], "a table"),
        (dict[str, Target], "a table of tables"),
        (tuple[str, ...] | dict[str, str] | None, "a list of strings or a table of strings"),
        (Target, "a table"),
        (tuple[dict[str, Any], ...] | None, "a list of tables"),
        (dict[str, Any] | str | tuple[str, ...] | None, "a table or a string or a list of strings"),
    ],
)
def test_a_type_is_put_in_words_that_a_person_uses(kind: Any, words: str) -> None:
    assert wanted(kind) == words


def test_a_value_is_shown_as_the_file_writes_it() -> None:
    assert shown(["a", 5], ("server", "port")) == '["a", 5]'


@pytest.mark.parametrize("key", ["key", "auth", "url", "headers", "query"])
def test_of_a_value_that_may_be_a_secret_only_its_kind_is_shown(key: str) -> None:
    assert shown(["hunter2"], ("target", "cloud", key)) == "a list"


def test_of_the_key_of_hashes_only_its_kind_is_shown() -> None:
    assert shown(["hunter2"], ("server", "hash_key")) == "a list"
