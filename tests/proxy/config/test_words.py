import tomllib
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.config.words import kind_of, quoted, shown, toml, wanted
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
    ],
)
def test_a_type_is_put_in_words_that_a_person_uses(kind: Any, words: str) -> None:
    assert wanted(kind) == words


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a", '"a"'),
        ('say "hi"\n', '"say \\"hi\\"\\n"'),
        (True, "true"),
        (3, "3"),
        (["a", 5], '["a", 5]'),
        ({"a": {"b": False}}, "{ a = { b = false } }"),
        ({}, "{}"),
    ],
)
def test_a_value_is_shown_as_the_file_writes_it(value: object, text: str) -> None:
    assert toml(value) == text
    assert shown(value, ("server", "port")) == text


def test_a_long_value_is_shortened() -> None:
    assert len(shown("x" * 500, ("server", "host"))) == 60


@pytest.mark.parametrize("key", ["key", "auth", "url", "headers", "query"])
def test_of_a_value_that_may_be_a_secret_only_its_kind_is_shown(key: str) -> None:
    assert shown(["hunter2"], ("target", "cloud", key)) == "a list"


@pytest.mark.parametrize(
    "value", ["sk-proj-abcdefgh12345678", ["a", "Bearer abc"], {"x": "ghp_0123456789abcdef"}, "https://me:pw@host/v1"]
)
def test_what_looks_like_a_secret_is_not_shown_anywhere(value: object) -> None:
    assert shown(value, ("rule", 0, "name")) == kind_of(value)


@given(st.text(alphabet=st.characters(codec="utf-8")))
def test_a_quoted_string_reads_back_as_itself(text: str) -> None:
    assert tomllib.loads(f"x = {quoted(text)}")["x"] == text
